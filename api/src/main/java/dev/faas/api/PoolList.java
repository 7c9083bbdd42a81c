package dev.faas.api;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// What is kept ready for executions to come: pools of shapes the caller asked for, the most recently used first, and its orders.
///
/// @param maxSandboxes kept ready at most, all shapes together; 0 where nothing is
public record PoolList(int maxSandboxes, List<PoolDescription> pools, List<PrewarmResponse> prewarmings) {

    /// The sandboxes of one shape: one image, one runtime, the same limits and network.
    ///
    /// @param image            the name it was last asked for by
    /// @param networkRules     how many egress rules they have
    /// @param available        ready now
    /// @param filling          being made
    /// @param target           how many are to be ready
    /// @param prewarmed        of those, how many because somebody ordered it
    /// @param inUse            taken from here and not destroyed yet
    /// @param hits             executions that found one ready
    /// @param misses           executions that did not
    /// @param hitRate          share of the hits, from 0 to 1
    /// @param refills          sandboxes made ready
    /// @param refillMs         what making one takes, on average
    /// @param memoryBytes      what one that waits holds, on average
    /// @param refillFailures   attempts to make one that failed
    /// @param lost             died while they waited
    /// @param lastFailure      why the last attempt failed; `null` when it did not
    public record PoolDescription(
            String image,
            String imageDigest,
            String runtime,
            long memoryMb,
            double cpuCores,
            long diskMb,
            int processes,
            int openFiles,
            String network,
            int networkRules,
            int available,
            int filling,
            int target,
            int prewarmed,
            int inUse,
            long hits,
            long misses,
            double hitRate,
            long refills,
            double refillMs,
            long memoryBytes,
            long refillFailures,
            long lost,
            @Nullable String lastFailure) {}
}
