package dev.faas.core.execution;

import dev.faas.core.common.ErrorCode;
import dev.faas.core.sandbox.Isolation;
import java.time.Duration;

/// Told what happens to executions, for metrics. Called on the threads that do the work, so it must neither block nor throw.
public interface ExecutionObserver {

    ExecutionObserver NONE = new ExecutionObserver() {};

    /// Taken in; a [#finished] follows.
    default void accepted(ExecutionRequest request) {}

    /// Turned away; nothing follows and nothing is recorded.
    default void refused(ExecutionRequest request, ErrorCode reason) {}

    /// Its process has started.
    default void started(ExecutionRecord record) {}

    /// Reached a final state; the result, when there is one, carries the measured phases.
    default void finished(ExecutionRecord record) {}

    /// A sandbox is gone, after the answer.
    default void sandboxDestroyed(Isolation isolation, Duration took) {}

    /// Records became durable together.
    default void journalWritten(int records, Duration took) {}

    /// The records could not be written; unless dropped, it will be tried again.
    default void journalFailed(ErrorCode reason, int records, boolean isDropped) {}
}
