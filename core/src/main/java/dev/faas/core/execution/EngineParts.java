package dev.faas.core.execution;

import dev.faas.core.common.TimeSource;
import dev.faas.core.pool.SandboxPools;
import java.time.Instant;
import java.time.temporal.ChronoUnit;

/// What all executions of an engine share.
record EngineParts(
        EngineConfig config,
        TimeSource time,
        ExecutionObserver observer,
        OutputBudget budget,
        SandboxExchange exchange,
        SandboxPools pools) {

    EngineParts withObserver(ExecutionObserver newObserver) {
        return new EngineParts(config, time, newObserver, budget, exchange, pools);
    }

    /// The time of day as precisely as every database keeps it, so that a record reads the same before and after it was written.
    Instant now() {
        return time.instant().truncatedTo(ChronoUnit.MICROS);
    }
}
