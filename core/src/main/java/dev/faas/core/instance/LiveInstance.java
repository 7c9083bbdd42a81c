package dev.faas.core.instance;

import dev.faas.core.common.ErrorCode;
import dev.faas.core.common.PlatformException;
import dev.faas.core.common.TimeSource;
import dev.faas.core.instance.Instance.Origin;
import dev.faas.core.sandbox.Limits;
import dev.faas.core.sandbox.Sandbox;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.EnumSet;
import java.util.Map;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/// The truth about one instance of this server: its state, its sandbox and who is at work in it. Every step happens here, under a lock
/// that is never held while a sandbox is waited for: who has made the step to a passing state does the work and makes the next step.
/// Thread-safe.
final class LiveInstance {

    private final Map<String, String> env;
    private final TimeSource time;
    private final Consumer<Instance> ledger;
    private final ReentrantLock stateLock = new ReentrantLock();
    private final Condition changed = stateLock.newCondition();
    private Instance current;
    private @Nullable Sandbox sandbox;
    private int uses;
    private Instant lastActive;
    private long leftAloneNanos;
    private boolean isLimitChanging;

    /// @param ledger takes each new record; must not block
    LiveInstance(Instance created, Map<String, String> env, TimeSource time, Consumer<Instance> ledger) {
        current = created;
        this.env = env;
        this.time = time;
        this.ledger = ledger;
        lastActive = created.times().createdAt();
    }

    /// As of now.
    Instance instance() {
        stateLock.lock();
        try {
            return current.activeAt(lastActive);
        } finally {
            stateLock.unlock();
        }
    }

    Map<String, String> env() {
        return env;
    }

    /// @throws PlatformException `CONFLICT` when there is none yet, or none any more
    Sandbox sandbox() {
        stateLock.lock();
        try {
            requireLiving();
            if (sandbox == null) {
                throw new PlatformException(ErrorCode.CONFLICT, "instance " + current.id() + " is still being created");
            }
            return sandbox;
        } finally {
            stateLock.unlock();
        }
    }

    /// The sandbox it has or had.
    ///
    /// @throws IllegalStateException before [#arrive]
    Sandbox lastSandbox() {
        stateLock.lock();
        try {
            if (sandbox == null) {
                throw new IllegalStateException("instance " + current.id() + " has no sandbox yet");
            }
            return sandbox;
        } finally {
            stateLock.unlock();
        }
    }

    /// The sandbox is there.
    ///
    /// @return false when the instance was told to stop meanwhile
    boolean arrive(Sandbox made) {
        stateLock.lock();
        try {
            if (current.state() != InstanceState.CREATING) {
                return false;
            }
            sandbox = made;
            current = current.from(new Origin(made.isolation(), made.image().digest()));
            become(InstanceState.RUNNING, "");
            leftAloneNanos = time.nanoTime();
            return true;
        } finally {
            stateLock.unlock();
        }
    }

    /// One step, if it still stands where it is thought to stand.
    boolean step(InstanceState from, InstanceState to, String why) {
        stateLock.lock();
        try {
            if (current.state() != from) {
                return false;
            }
            become(to, why);
            return true;
        } finally {
            stateLock.unlock();
        }
    }

    /// Begins the end, whatever it is doing.
    ///
    /// @return where it stood before
    InstanceState beginStop(String why) {
        stateLock.lock();
        try {
            var before = current.state();
            if (before.canBecome(InstanceState.STOPPING)) {
                become(InstanceState.STOPPING, why);
            }
            return before;
        } finally {
            stateLock.unlock();
        }
    }

    /// As `step(RUNNING, PAUSING)`, if nobody has been at work for so long.
    boolean beginIdlePause(Duration idle, String why) {
        stateLock.lock();
        try {
            return isIdle(idle) && step(InstanceState.RUNNING, InstanceState.PAUSING, why);
        } finally {
            stateLock.unlock();
        }
    }

    boolean isIdle(Duration idle) {
        stateLock.lock();
        try {
            return uses == 0 && time.nanoTime() - leftAloneNanos >= idle.toNanos();
        } finally {
            stateLock.unlock();
        }
    }

    /// Somebody begins to work in it, if it runs; it isn't paused for idleness until [#leave].
    ///
    /// @return where it stands
    InstanceState tryEnter() {
        stateLock.lock();
        try {
            if (current.state() == InstanceState.RUNNING) {
                uses++;
            }
            return current.state();
        } finally {
            stateLock.unlock();
        }
    }

    /// @return whether nobody else is at work
    boolean leave() {
        stateLock.lock();
        try {
            uses--;
            lastActive = time.instant().truncatedTo(ChronoUnit.MICROS);
            leftAloneNanos = time.nanoTime();
            return uses == 0;
        } finally {
            stateLock.unlock();
        }
    }

    /// Being woken counts as being used.
    void touch() {
        stateLock.lock();
        try {
            leftAloneNanos = time.nanoTime();
        } finally {
            stateLock.unlock();
        }
    }

    /// Waits until it is in none of the passing states named.
    ///
    /// @return where it stands then
    /// @throws PlatformException `CONFLICT` when that takes too long
    InstanceState awaitPassed(EnumSet<InstanceState> passing, Duration patience) {
        var deadline = new Deadline();
        var alarm = time.schedule(patience, deadline::reach);
        stateLock.lock();
        try {
            while (passing.contains(current.state())) {
                if (deadline.isReached) {
                    throw new PlatformException(
                            ErrorCode.CONFLICT, "instance " + current.id() + " is still " + current.state().wire());
                }
                changed.awaitUninterruptibly();
            }
            return current.state();
        } finally {
            stateLock.unlock();
            alarm.cancel();
        }
    }

    /// Waits until its sandbox is gone.
    Instance awaitEnd() {
        stateLock.lock();
        try {
            while (!current.state().isEnded()) {
                changed.awaitUninterruptibly();
            }
            return current;
        } finally {
            stateLock.unlock();
        }
    }

    /// Moves the end of its time; never nearer.
    ///
    /// @throws PlatformException `CONFLICT` when it has ended, or has no such end
    Instance extend(Instant end) {
        stateLock.lock();
        try {
            requireLiving();
            var before = current.times().expiresAt().orElseThrow(() -> new PlatformException(
                    ErrorCode.CONFLICT, "instance " + current.id() + " has no time to live that could be extended"));
            if (end.isAfter(before)) {
                change(current.expiringAt(end));
            }
            return current;
        } finally {
            stateLock.unlock();
        }
    }

    /// Changes limits, one caller after the other.
    ///
    /// @param apply makes the sandbox hold to them; called without the lock
    Instance limit(UnaryOperator<Limits> change, Consumer<Limits> apply) {
        var wanted = change.apply(beginLimitChange());
        boolean isDone = false;
        try {
            apply.accept(wanted);
            isDone = true;
        } finally {
            endLimitChange(isDone ? wanted : null);
        }
        return instance();
    }

    private Limits beginLimitChange() {
        stateLock.lock();
        try {
            while (isLimitChanging) {
                changed.awaitUninterruptibly();
            }
            requireLiving();
            isLimitChanging = true;
            return current.limits();
        } finally {
            stateLock.unlock();
        }
    }

    private void endLimitChange(@Nullable Limits done) {
        stateLock.lock();
        try {
            isLimitChanging = false;
            if (done != null) {
                change(current.limitedTo(done));
            }
            changed.signalAll();
        } finally {
            stateLock.unlock();
        }
    }

    /// @throws PlatformException `CONFLICT` when it has ended or is ending
    void requireLiving() {
        stateLock.lock();
        try {
            if (current.state().isEnded() || current.state() == InstanceState.STOPPING) {
                throw new PlatformException(
                        ErrorCode.CONFLICT,
                        "instance " + current.id() + " has ended: " + current.reason());
            }
        } finally {
            stateLock.unlock();
        }
    }

    private void become(InstanceState next, String why) {
        change(current.in(next, why, time.instant().truncatedTo(ChronoUnit.MICROS)));
        changed.signalAll();
    }

    private void change(Instance next) {
        current = next.activeAt(lastActive);
        ledger.accept(current);
    }

    private final class Deadline {

        private boolean isReached;

        private void reach() {
            stateLock.lock();
            try {
                isReached = true;
                changed.signalAll();
            } finally {
                stateLock.unlock();
            }
        }
    }
}
