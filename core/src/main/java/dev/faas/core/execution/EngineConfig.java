package dev.faas.core.execution;

import dev.faas.core.common.DataSize;
import dev.faas.core.pool.PoolConfig;
import dev.faas.core.sandbox.Isolation;
import dev.faas.core.sandbox.Limits;
import dev.faas.core.sandbox.Network;
import java.time.Duration;
import java.util.List;

/// Every bound of the engine.
///
/// @param autoOrder      what `auto` may choose, best first; what isn't named is used only when asked for by name
/// @param defaultLimits  limits of requests that name none: a technology that can't enforce them is still good enough for these
/// @param defaultNetwork the same for the network, and only where there is no isolation at all
public record EngineConfig(
        Admission admission,
        Deadlines deadlines,
        Output output,
        List<Isolation> autoOrder,
        Limits defaultLimits,
        Network defaultNetwork,
        PoolConfig pools,
        Journal journal,
        Retention retention) {

    public static final EngineConfig DEFAULT = new EngineConfig(
            Admission.DEFAULT,
            Deadlines.DEFAULT,
            Output.DEFAULT,
            List.of(Isolation.NATIVE, Isolation.DOCKER),
            Limits.DEFAULT,
            new Network.None(),
            PoolConfig.DEFAULT,
            Journal.DEFAULT,
            Retention.DEFAULT);

    public EngineConfig {
        autoOrder = List.copyOf(autoOrder);
    }

    public EngineConfig withPools(PoolConfig newPools) {
        return new EngineConfig(
                admission,
                deadlines,
                output,
                autoOrder,
                defaultLimits,
                defaultNetwork,
                newPools,
                journal,
                retention);
    }

    /// @param maxRunning             sandboxes at once
    /// @param maxQueued              executions waiting for a place
    /// @param maxQueuedPerTenant     of those, one tenant's
    /// @param queueTimeout           how long a caller waits for a place
    /// @param backgroundQueueTimeout how long a submitted execution does
    public record Admission(
            int maxRunning,
            int maxQueued,
            int maxQueuedPerTenant,
            Duration queueTimeout,
            Duration backgroundQueueTimeout) {

        public static final Admission DEFAULT =
                new Admission(1000, 1000, 1000, Duration.ofSeconds(30), Duration.ofMinutes(10));
    }

    /// @param image     making the image available, a pull or build included
    /// @param start     making the sandbox and placing the input files
    /// @param collect   reading the output files after the end of the command
    /// @param killGrace between the order to kill a command and giving its sandbox up for lost
    public record Deadlines(Duration image, Duration start, Duration collect, Duration killGrace) {

        public static final Deadlines DEFAULT = new Deadlines(
                Duration.ofMinutes(10), Duration.ofSeconds(30), Duration.ofSeconds(30), Duration.ofSeconds(5));
    }

    /// @param perFile  bytes of each output file that are returned
    /// @param perFiles the same for all files of an execution
    /// @param inMemory output held in memory for all executions together; beyond it, output is cut and marked as truncated
    public record Output(DataSize perFile, DataSize perFiles, DataSize inMemory) {

        public static final Output DEFAULT =
                new Output(DataSize.ofMebibytes(10), DataSize.ofMebibytes(32), DataSize.ofMebibytes(128));
    }

    /// How records are written behind the answers.
    ///
    /// @param capacity     executions whose records may wait for the database; beyond it new ones are refused
    /// @param batch        records of one transaction
    /// @param linger       how long a record may wait for company
    /// @param retryDelay   between attempts while the database can't be reached
    /// @param outputLimit  bytes of each stream, and of all files, kept in the record of an execution whose caller was given everything
    public record Journal(int capacity, int batch, Duration linger, Duration retryDelay, DataSize outputLimit) {

        public static final Journal DEFAULT = new Journal(
                10_000, 256, Duration.ofMillis(20), Duration.ofMillis(500), DataSize.ofBytes(64 * DataSize.KIB));
    }

    /// Which final records are deleted.
    ///
    /// @param maxAge     older ones
    /// @param maxRecords more than so many, the oldest first
    /// @param interval   between clean-ups
    /// @param batch      records of one transaction
    public record Retention(Duration maxAge, long maxRecords, Duration interval, int batch) {

        public static final Retention DEFAULT =
                new Retention(Duration.ofDays(7), 100_000, Duration.ofMinutes(5), 500);
    }
}
