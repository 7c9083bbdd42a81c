package dev.faas.api;

import org.jspecify.annotations.Nullable;

/// Asks for sandboxes to be kept ready. The fields both have mean what they mean in [ExecuteRequest], and an execution finds such a
/// sandbox only if it is the same in all of them.
///
/// @param count  how many; 0 ends an earlier order of the same
/// @param ttlMs  for how long
/// @param waitMs how long the answer may wait for them to be ready
public record PrewarmRequest(
        @Nullable String image,
        int count,
        @Nullable String runtime,
        @Nullable Integer memoryMb,
        @Nullable Double cpuCores,
        @Nullable Integer diskMb,
        @Nullable Integer processes,
        @Nullable Integer openFiles,
        @Nullable Long readBps,
        @Nullable Long writeBps,
        @Nullable NetworkRequest network,
        @Nullable Long ttlMs,
        @Nullable Long waitMs) {

    /// Of an image, with the gateway's limits and network.
    public static PrewarmRequest of(String image, int count) {
        return new PrewarmRequest(image, count, null, null, null, null, null, null, null, null, null, null, null);
    }

    public PrewarmRequest withWaitMs(long newWaitMs) {
        return new PrewarmRequest(
                image,
                count,
                runtime,
                memoryMb,
                cpuCores,
                diskMb,
                processes,
                openFiles,
                readBps,
                writeBps,
                network,
                ttlMs,
                newWaitMs);
    }
}
