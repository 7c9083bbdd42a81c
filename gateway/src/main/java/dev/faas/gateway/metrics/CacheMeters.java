package dev.faas.gateway.metrics;

import dev.faas.core.cache.CacheStatistics;
import dev.faas.core.cache.ResultCache;
import dev.faas.core.common.PlatformException;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.function.ToDoubleFunction;

/// How the mode `cached` does, for everybody together.
final class CacheMeters {

    private final MeterRegistry registry;
    private final ResultCache cache;

    private CacheMeters(MeterRegistry registry, ResultCache cache) {
        this.registry = registry;
        this.cache = cache;
    }

    static void register(MeterRegistry registry, ResultCache cache) {
        new CacheMeters(registry, cache).registerAll();
    }

    private void registerAll() {
        answers("hit", CacheStatistics::hits);
        answers("miss", CacheStatistics::misses);
        answers("joined", CacheStatistics::joined);
        counter("faas.cache.evictions", "Results removed for want of room", CacheStatistics::evictions);
        counter("faas.cache.dropped", "Results the database did not take", CacheStatistics::dropped);
        Gauge.builder("faas.cache.hit.rate", () -> cache.counts().hitRate())
                .description("Hits of all answers in the mode cached")
                .register(registry);
        Gauge.builder("faas.cache.entries", () -> stored(CacheStatistics::entries))
                .description("Results that are kept")
                .register(registry);
        Gauge.builder("faas.cache.size", () -> stored(CacheStatistics::bytes))
                .baseUnit("bytes")
                .description("Output and files of the results that are kept")
                .register(registry);
        Gauge.builder("faas.cache.available", () -> Double.isNaN(stored(CacheStatistics::entries)) ? 0 : 1)
                .description("Whether known results can be read")
                .register(registry);
    }

    private void answers(String kind, ToDoubleFunction<CacheStatistics> count) {
        FunctionCounter.builder("faas.cache.answers", cache, found -> count.applyAsDouble(found.counts()))
                .description("Executions in the mode cached, by where their results came from")
                .tag("cache", kind)
                .register(registry);
    }

    private void counter(String name, String description, ToDoubleFunction<CacheStatistics> count) {
        FunctionCounter.builder(name, cache, found -> count.applyAsDouble(found.counts()))
                .description(description)
                .register(registry);
    }

    private double stored(ToDoubleFunction<CacheStatistics> figure) {
        try {
            return figure.applyAsDouble(cache.statistics());
        } catch (PlatformException databaseIsAway) {
            return Double.NaN;
        }
    }
}
