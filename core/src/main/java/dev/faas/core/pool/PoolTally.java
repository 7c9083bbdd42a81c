package dev.faas.core.pool;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// Counts for one shape, and at the same time for all of its technology. Confined to the pools' lock.
final class PoolTally {

    private final @Nullable PoolTally sum;
    private long hits;
    private long misses;
    private long refills;
    private long refillNanos;
    private long refillBytes;
    private long failures;
    private long lost;

    PoolTally(@Nullable PoolTally sum) {
        this.sum = sum;
    }

    void hit() {
        hits++;
        if (sum != null) {
            sum.hit();
        }
    }

    void missed() {
        misses++;
        if (sum != null) {
            sum.missed();
        }
    }

    void refilled(long nanos, long bytes) {
        refills++;
        refillNanos += nanos;
        refillBytes += bytes;
        if (sum != null) {
            sum.refilled(nanos, bytes);
        }
    }

    void failed() {
        failures++;
        if (sum != null) {
            sum.failed();
        }
    }

    void died() {
        lost++;
        if (sum != null) {
            sum.died();
        }
    }

    /// What making one costs, on average.
    Duration timeOfOne() {
        return refills == 0 ? Duration.ZERO : Duration.ofNanos(refillNanos / refills);
    }

    /// What one that waits holds, on average.
    long memoryOfOne() {
        return refills == 0 ? 0 : refillBytes / refills;
    }

    PoolCounts counts() {
        return new PoolCounts(hits, misses, refills, Duration.ofNanos(refillNanos), failures, lost);
    }
}
