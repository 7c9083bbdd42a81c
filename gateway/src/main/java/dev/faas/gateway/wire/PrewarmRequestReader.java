package dev.faas.gateway.wire;

import dev.faas.core.image.ImageReference;
import dev.faas.core.pool.PoolConfig;
import dev.faas.core.pool.PrewarmRequest;
import dev.faas.gateway.limit.RequestPolicy;
import java.time.Duration;
import java.util.Set;
import tools.jackson.databind.JsonNode;

/// Turns the body of a prewarm request into a complete [PrewarmRequest], or says everything that is wrong with it. Thread-safe.
public final class PrewarmRequestReader {

    private static final Set<String> FIELDS = Set.of(
            "image",
            "count",
            "runtime",
            "memory_mb",
            "cpu_cores",
            "disk_mb",
            "processes",
            "open_files",
            "read_bps",
            "write_bps",
            "network",
            "ttl_ms",
            "wait_ms");

    private static final Duration SHORTEST_TTL = Duration.ofSeconds(1);
    private static final Duration LONGEST_WAIT = Duration.ofMinutes(10);

    private final RequestPolicy policy;
    private final PoolConfig pools;

    public PrewarmRequestReader(RequestPolicy policy, PoolConfig pools) {
        this.policy = policy;
        this.pools = pools;
    }

    /// What is asked for, and how long the answer may wait for it.
    public record Wanted(PrewarmRequest request, Duration patience) {}

    public Wanted read(JsonNode body, String tenant) {
        var fields = Fields.root(body, FIELDS);
        if (!body.isObject()) {
            fields.check();
        }
        var image = fields.convert("image", fields.text("image", ImageReference.MAX_LENGTH), ImageReference::of)
                .orElse(policy.image());
        // Where nothing is pooled the engine says so; that is not the number's fault.
        int most = Math.max(1, Math.min(pools.maxSandboxes(), pools.maxPerShape()));
        var count = fields.integer("count", 0, most);
        if (!fields.has("count")) {
            fields.fail("count", "is required: how many to keep ready, or 0 for no more");
        }
        var isolation = SandboxFields.isolation(fields);
        var limits = SandboxFields.limits(fields, policy);
        var network = NetworkReader.read(fields).orElse(policy.network());
        long longest = Math.max(SHORTEST_TTL.toMillis(), pools.maxPrewarmTtl().toMillis());
        long ttl = fields.integer("ttl_ms", SHORTEST_TTL.toMillis(), longest)
                .orElse(pools.prewarmTtl().toMillis());
        long wait = fields.integer("wait_ms", 0, LONGEST_WAIT.toMillis()).orElse(0);
        fields.check();
        return new Wanted(
                new PrewarmRequest(
                        tenant,
                        isolation,
                        image,
                        limits,
                        network,
                        (int) count.orElseThrow(),
                        Duration.ofMillis(ttl)),
                Duration.ofMillis(wait));
    }
}
