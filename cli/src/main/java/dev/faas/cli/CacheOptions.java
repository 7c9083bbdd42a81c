package dev.faas.cli;

import dev.faas.api.ExecuteRequestBuilder;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/// How known results count, with `--mode cached`.
final class CacheOptions {

    @Option(
            names = "--cache-key",
            paramLabel = "KEY",
            description = "With --mode cached: only results of runs with the same key count, and only of equal ones.")
    private @Nullable String key;

    @Option(names = "--cache-ttl", paramLabel = "TIME", description = "With --mode cached: how old a result may be: 10s, 5m, 12h.")
    private @Nullable String ttl;

    @Option(names = "--cache-refresh", description = "With --mode cached: runs it anew and replaces what is known.")
    private boolean isRefresh;

    @Option(names = "--cache-failures", description = "With --mode cached: exit codes other than 0 are kept too.")
    private boolean areFailuresKept;

    void addTo(ExecuteRequestBuilder request) {
        request.cacheKey(key)
                .cacheTtlMs(ttl == null ? null : Quantity.milliseconds("--cache-ttl", ttl))
                .cacheRefresh(isRefresh ? Boolean.TRUE : null)
                .cacheFailures(areFailuresKept ? Boolean.TRUE : null);
    }
}
