package dev.faas.api;

/// Counters since the start of the server.
///
/// @param totalRequests       executions taken in
/// @param cacheHits           answers from a result cache
/// @param dockerExecutions    finished by the Docker runtime
/// @param vmExecutions        finished in a microVM
/// @param nativeExecutions    finished by the native runtime
/// @param processExecutions   finished without isolation
/// @param failedExecutions    the platform could not run or lost
/// @param timedOutExecutions  reached their time limit
public record MetricsSummary(
        long totalRequests,
        long cacheHits,
        double cacheHitRate,
        long dockerExecutions,
        long vmExecutions,
        long nativeExecutions,
        long processExecutions,
        long failedExecutions,
        long timedOutExecutions) {}
