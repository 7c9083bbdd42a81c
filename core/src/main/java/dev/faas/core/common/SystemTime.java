package dev.faas.core.common;

import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The machine's clocks and one daemon thread for all alarms. Thread-safe.
public final class SystemTime implements TimeSource, AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(SystemTime.class);

    private final ScheduledThreadPoolExecutor alarms = new ScheduledThreadPoolExecutor(
            1, Thread.ofPlatform().name("faas-alarms").daemon().factory());

    public SystemTime() {
        // Most alarms guard something that goes well: without this each would stay in memory until its time.
        alarms.setRemoveOnCancelPolicy(true);
    }

    @Override
    public Instant instant() {
        return Instant.now();
    }

    @Override
    public long nanoTime() {
        return System.nanoTime();
    }

    @Override
    public Alarm schedule(Duration delay, Runnable action) {
        var future = alarms.schedule(() -> runLogged(action), delay.toNanos(), TimeUnit.NANOSECONDS);
        return () -> future.cancel(false);
    }

    private static void runLogged(Runnable action) {
        try {
            action.run();
        } catch (RuntimeException failure) {
            LOG.error("an alarm's action failed", failure);
        }
    }

    @Override
    public void close() {
        alarms.shutdownNow();
    }
}
