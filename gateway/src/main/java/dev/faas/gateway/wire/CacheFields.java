package dev.faas.gateway.wire;

import dev.faas.core.execution.CachePolicy;
import dev.faas.core.execution.ExecutionMode;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/// The fields of the mode `cached`.
final class CacheFields {

    static final int MAX_KEY = 255;

    private static final List<String> NAMES = List.of("cache_key", "cache_ttl_ms", "cache_refresh", "cache_failures");

    private CacheFields() {}

    /// @param isRefresh what a header says; it has no meaning in another mode, and caches on the way send it unasked
    static Optional<CachePolicy> read(Fields fields, ExecutionMode mode, Duration maxTtl, boolean isRefresh) {
        if (mode != ExecutionMode.CACHED) {
            NAMES.stream().filter(fields::has).forEach(name -> fields.fail(name, "belongs to the mode cached"));
            return Optional.empty();
        }
        var key = fields.text("cache_key", MAX_KEY);
        if (key.isPresent() && key.get().isEmpty()) {
            fields.fail("cache_key", "must not be empty");
        }
        var ttl = fields.integer("cache_ttl_ms", 1, maxTtl.toMillis());
        boolean isRefreshField = fields.flag("cache_refresh").orElse(false);
        boolean keepsFailures = fields.flag("cache_failures").orElse(false);
        return Optional.of(new CachePolicy(
                key.orElse(""),
                ttl.isPresent() ? Optional.of(Duration.ofMillis(ttl.getAsLong())) : Optional.empty(),
                isRefresh || isRefreshField,
                keepsFailures));
    }
}
