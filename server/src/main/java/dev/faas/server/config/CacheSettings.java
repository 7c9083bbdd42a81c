package dev.faas.server.config;

import dev.faas.core.cache.ResultCacheConfig;

/// What is kept for the mode `cached`.
final class CacheSettings {

    private static final ResultCacheConfig DEFAULT = ResultCacheConfig.DEFAULT;

    private CacheSettings() {}

    static ResultCacheConfig read(Settings settings) {
        return new ResultCacheConfig(
                settings.duration(
                        Key.of("cache.ttl", "How long a result of the mode `cached` is kept unless its request says."),
                        DEFAULT.ttl()),
                settings.size(
                        Key.of("cache.entry-limit", "Bytes of one result, its files included; a larger one is not kept."),
                        DEFAULT.entryLimit()),
                settings.size(
                        Key.of("cache.total-limit", "Bytes of all results; beyond it, those not used for the longest time go."),
                        DEFAULT.totalLimit()),
                settings.number(
                        Key.of("cache.max-entries", "The same by number."), DEFAULT.maxEntries(), 1, 1_000_000),
                settings.duration(Key.of("cache.interval", "Between removals of expired results."), DEFAULT.interval()));
    }
}
