package dev.faas.api;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Counters and measured times since the start of the server.
///
/// @param runtimes by name; always has `docker` and `firecracker`
public record DetailedMetrics(
        Summary summary, Map<String, RuntimeMetrics> runtimes, Performance performance, Load load) {

    public record Summary(long totalRequests, long cacheHits, double cacheHitRate) {}

    public record RuntimeMetrics(long executions, boolean available) {}

    /// In milliseconds; `null` until there is something measured.
    ///
    /// @param avgColdStartMs making a sandbox with nothing prepared
    /// @param avgWarmStartMs making a sandbox with parts from a pool
    /// @param p99LatencyMs   from acceptance to the answer, as the other percentiles
    public record Performance(
            @Nullable Double avgColdStartMs,
            @Nullable Double avgWarmStartMs,
            @Nullable Double avgLatencyMs,
            @Nullable Double p50LatencyMs,
            @Nullable Double p95LatencyMs,
            @Nullable Double p99LatencyMs,
            @Nullable Double maxLatencyMs,
            @Nullable Double avgQueueMs) {}

    public record Load(int running, int queued, int maxRunning, int maxQueued) {}
}
