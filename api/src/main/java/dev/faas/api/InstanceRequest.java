package dev.faas.api;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/// An instance to make. `null` leaves the choice to the gateway's configuration or to the image.
///
/// @param name      1 to 63 of `a-z 0-9 _ . -`, beginning with a letter or digit
/// @param envVars   for every command in it
/// @param ttlMs     how long it lives; `null` until somebody ends it
/// @param idleTtlMs how long it may be left alone; `null` for ever
/// @param autoPause whether it is paused after that instead of ended
public record InstanceRequest(
        @Nullable String name,
        @Nullable String image,
        @Nullable String runtime,
        @Nullable Integer memoryMb,
        @Nullable Double cpuCores,
        @Nullable Integer diskMb,
        @Nullable Integer processes,
        @Nullable Integer openFiles,
        @Nullable Long readBps,
        @Nullable Long writeBps,
        @Nullable NetworkRequest network,
        @Nullable Map<String, String> envVars,
        @Nullable Map<String, String> labels,
        @Nullable Long ttlMs,
        @Nullable Long idleTtlMs,
        @Nullable Boolean autoPause) {

    /// A request that leaves everything open.
    public static InstanceRequestBuilder builder() {
        return new InstanceRequestBuilder();
    }
}
