package dev.faas.gateway.route;

import dev.faas.api.CacheCleared;
import dev.faas.api.CacheStatistics;
import dev.faas.core.cache.ResultCache;
import dev.faas.core.common.PlatformException;
import dev.faas.gateway.auth.Scope;
import dev.faas.gateway.http.Exchange;
import dev.faas.gateway.http.Route;
import java.util.List;
import java.util.Set;

/// What is known for the mode `cached`: how it does, and away with it. Each caller's own only.
public final class CacheRoutes {

    private static final String PATH = "/api/v1/cache";
    private static final String KEY = "cache_key";

    private final ResultCache cache;

    public CacheRoutes(ResultCache cache) {
        this.cache = cache;
    }

    public List<Route> routes() {
        return List.of(
                Route.get(PATH, Scope.READ, this::statistics), Route.delete(PATH, Scope.EXECUTE, this::clear));
    }

    private void statistics(Exchange exchange) {
        exchange.allowQuery(Set.of());
        var found = cache.statistics(exchange.tenant());
        var config = cache.config();
        exchange.answer(
                200,
                new CacheStatistics(
                        found.entries(),
                        found.bytes(),
                        found.hits(),
                        found.misses(),
                        found.joined(),
                        found.evictions(),
                        found.dropped(),
                        found.hitRate(),
                        config.totalLimit().bytes(),
                        config.entryLimit().bytes(),
                        config.ttl().toMillis()));
    }

    private void clear(Exchange exchange) {
        exchange.allowQuery(Set.of(KEY));
        var key = exchange.query(KEY);
        if (key.isPresent() && key.get().isEmpty()) {
            // Who forgot to fill it in doesn't want everything to go.
            throw PlatformException.invalid(KEY, "must not be empty; leave it out to remove all results");
        }
        exchange.answer(200, new CacheCleared(cache.clear(exchange.tenant(), key)));
    }
}
