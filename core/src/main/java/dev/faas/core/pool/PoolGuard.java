package dev.faas.core.pool;

import dev.faas.core.common.ErrorCode;
import dev.faas.core.common.PlatformException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// The lock over all pools, and who waits for a change of them. Thread-safe.
final class PoolGuard {

    private final ReentrantLock poolsLock = new ReentrantLock();
    private final Condition changed = poolsLock.newCondition();
    private boolean isClosed;

    /// The action must be short: who wants a sandbox waits for it.
    <T extends @Nullable Object> T locked(Supplier<T> action) {
        poolsLock.lock();
        try {
            return action.get();
        } finally {
            poolsLock.unlock();
        }
    }

    /// As [#locked]; afterwards everybody who waits looks again.
    <T extends @Nullable Object> T change(Supplier<T> action) {
        return locked(() -> {
            var result = action.get();
            changed.signalAll();
            return result;
        });
    }

    void change(Runnable action) {
        change(() -> {
            action.run();
            return true;
        });
    }

    /// Waits until there is something; looks again after every change.
    ///
    /// @return nothing when the pools were closed
    <T> Optional<T> await(Supplier<Optional<T>> attempt) throws InterruptedException {
        poolsLock.lockInterruptibly();
        try {
            while (!isClosed) {
                var result = attempt.get();
                if (result.isPresent()) {
                    return result;
                }
                changed.await();
            }
            return Optional.empty();
        } finally {
            poolsLock.unlock();
        }
    }

    /// Waits until something is so, the pools are closed or the patience is over.
    void await(Duration patience, BooleanSupplier isSo) throws InterruptedException {
        long left = patience.toNanos();
        poolsLock.lockInterruptibly();
        try {
            while (!isClosed && left > 0 && !isSo.getAsBoolean()) {
                left = changed.awaitNanos(left);
            }
        } finally {
            poolsLock.unlock();
        }
    }

    boolean isClosed() {
        return locked(() -> isClosed);
    }

    void checkOpen() {
        if (isClosed()) {
            throw new PlatformException(ErrorCode.SHUTTING_DOWN, "the server is shutting down");
        }
    }

    /// @return whether it was open
    boolean close() {
        return change(() -> {
            boolean wasOpen = !isClosed;
            isClosed = true;
            return wasOpen;
        });
    }
}
