package dev.faas.core.cache;

import dev.faas.core.common.DataSize;
import java.time.Duration;

/// How much is kept for the mode `cached`, and for how long.
///
/// @param ttl        of results whose request names none
/// @param entryLimit bytes of one result, its files included; a larger one is not kept
/// @param totalLimit bytes of all results; beyond it, those that were not used for the longest time are removed
/// @param maxEntries the same by number
/// @param interval   between removals of what is too old
public record ResultCacheConfig(
        Duration ttl, DataSize entryLimit, DataSize totalLimit, int maxEntries, Duration interval) {

    public static final ResultCacheConfig DEFAULT = new ResultCacheConfig(
            Duration.ofDays(1),
            DataSize.ofMebibytes(8),
            DataSize.ofMebibytes(512),
            10_000,
            Duration.ofMinutes(1));
}
