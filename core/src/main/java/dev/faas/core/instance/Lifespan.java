package dev.faas.core.instance;

import dev.faas.core.common.TimeSource;
import java.time.Duration;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// The two alarms of an instance: the end of its time to live, and of its time alone. Thread-safe.
final class Lifespan {

    private final TimeSource time;
    private final Runnable onExpiry;
    private final Runnable onIdle;
    private final ReentrantLock alarmLock = new ReentrantLock();
    private TimeSource.@Nullable Alarm expiry;
    private TimeSource.@Nullable Alarm idleness;
    private boolean isOver;

    /// @param onExpiry runs on a thread of its own, as does `onIdle`; both look again whether it is so
    Lifespan(TimeSource time, Runnable onExpiry, Runnable onIdle) {
        this.time = time;
        this.onExpiry = onExpiry;
        this.onIdle = onIdle;
    }

    /// Its time will be over after the delay, and not before.
    void expireAfter(Duration delay) {
        replace(() -> expiry = schedule(expiry, delay, onExpiry));
    }

    /// It is alone from now on.
    ///
    /// @param patience zero means that it may be for ever
    void leftAlone(Duration patience) {
        if (!patience.isZero()) {
            replace(() -> idleness = schedule(idleness, patience, onIdle));
        }
    }

    void end() {
        replace(() -> {
            isOver = true;
            cancel(expiry);
            cancel(idleness);
        });
    }

    private void replace(Runnable change) {
        alarmLock.lock();
        try {
            if (!isOver) {
                change.run();
            }
        } finally {
            alarmLock.unlock();
        }
    }

    private TimeSource.Alarm schedule(TimeSource.@Nullable Alarm before, Duration delay, Runnable action) {
        cancel(before);
        return time.schedule(delay, () -> Thread.ofVirtual().name("faas-lifespan").start(action));
    }

    private static void cancel(TimeSource.@Nullable Alarm alarm) {
        if (alarm != null) {
            alarm.cancel();
        }
    }
}
