package dev.faas.core.execution;

import java.util.concurrent.atomic.AtomicLong;

/// The memory that captured output of all executions may take together. Thread-safe.
final class OutputBudget {

    private final long limit;
    private final AtomicLong taken = new AtomicLong();

    OutputBudget(long limit) {
        this.limit = limit;
    }

    /// @return whether the bytes were still to be had
    boolean take(long bytes) {
        long before;
        do {
            before = taken.get();
            if (bytes > limit - before) {
                return false;
            }
        } while (!taken.compareAndSet(before, before + bytes));
        return true;
    }

    void giveBack(long bytes) {
        taken.addAndGet(-bytes);
    }

    long taken() {
        return taken.get();
    }
}
