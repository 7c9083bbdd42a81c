package dev.faas.core.pool;

import java.time.Duration;

/// What happened in pools since the server started.
///
/// @param hits       askers that found a sandbox ready
/// @param misses     askers that did not
/// @param refills    sandboxes made ready
/// @param refillTime of all of them together
/// @param failures   attempts to make one that failed
/// @param lost       sandboxes that died while they waited
public record PoolCounts(long hits, long misses, long refills, Duration refillTime, long failures, long lost) {

    /// Of those who asked, the share that found one ready.
    public double hitRate() {
        return hits + misses == 0 ? 0 : (double) hits / (hits + misses);
    }
}
