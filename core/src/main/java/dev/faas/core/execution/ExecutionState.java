package dev.faas.core.execution;

import java.util.Locale;

/// Where an execution stands. Moves only forward: QUEUED, RUNNING, then one of the others, which are final.
public enum ExecutionState {
    /// Accepted, waiting for a place.
    QUEUED,
    /// In a sandbox.
    RUNNING,
    /// The command ran to its own end, whatever its exit code.
    COMPLETED,
    TIMED_OUT,
    CANCELLED,
    /// The platform could not run it, or lost it; the record says why.
    FAILED;

    public boolean isFinal() {
        return this != QUEUED && this != RUNNING;
    }

    public boolean canBecome(ExecutionState next) {
        return !isFinal() && next.ordinal() > ordinal();
    }

    public String wire() {
        return name().toLowerCase(Locale.ROOT);
    }
}
