package dev.faas.gateway.wire;

import dev.faas.core.common.PlatformException;
import dev.faas.core.instance.InstanceSpec;
import dev.faas.core.instance.Lifetime;
import dev.faas.core.sandbox.Limits;
import dev.faas.gateway.limit.RequestPolicy;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.UnaryOperator;
import tools.jackson.databind.JsonNode;

/// Turns the bodies of requests about instances into what the domain knows, or says everything that is wrong with them. Thread-safe.
public final class InstanceRequestReader {

    private static final Set<String> FIELDS = Set.of(
            "name",
            "image",
            "runtime",
            "memory_mb",
            "cpu_cores",
            "disk_mb",
            "processes",
            "open_files",
            "read_bps",
            "write_bps",
            "network",
            "env_vars",
            "labels",
            "ttl_ms",
            "idle_ttl_ms",
            "auto_pause");
    private static final Set<String> PATCH_FIELDS = Set.of("memory_mb", "cpu_cores", "processes");
    /// Beyond it a time to live is as good as none.
    private static final long MAX_TTL_MS = Duration.ofDays(3650).toMillis();

    private final RequestPolicy policy;

    public InstanceRequestReader(RequestPolicy policy) {
        this.policy = policy;
    }

    /// @param pathName the name the path has; the body may repeat it
    public InstanceSpec read(JsonNode body, Optional<String> pathName) {
        var fields = Fields.root(body, FIELDS);
        if (!body.isObject()) {
            fields.check();
        }
        var ownName = fields.text("name", 64);
        if (pathName.isPresent() && ownName.isPresent() && !ownName.equals(pathName)) {
            fields.fail("name", "is not the name in the path");
        }
        var name = InstanceFields.name(fields, pathName.or(() -> ownName)).orElse("");
        var env = CommandFields.env(fields);
        CommandFields.checkTotal(fields, List.of(), env);
        var spec = new InstanceSpec(
                name,
                SandboxFields.image(fields, policy),
                SandboxFields.isolation(fields),
                SandboxFields.limits(fields, policy),
                NetworkReader.read(fields).orElse(policy.network()),
                env,
                CommandFields.labels(fields, policy.maxLabels()),
                lifetime(fields));
        fields.check();
        return spec;
    }

    /// @return how long it lives from now
    public Duration readExtension(JsonNode body) {
        var fields = Fields.root(body, Set.of("ttl_ms"));
        if (body.isObject() && !fields.has("ttl_ms")) {
            fields.fail("ttl_ms", "is required: how long it lives from now");
        }
        long ttl = body.isObject() ? fields.integer("ttl_ms", 1, MAX_TTL_MS).orElse(0) : 0;
        fields.check();
        return Duration.ofMillis(ttl);
    }

    /// What becomes of limits.
    public UnaryOperator<Limits> readLimits(JsonNode body) {
        var fields = Fields.root(body, PATCH_FIELDS);
        if (body.isObject() && PATCH_FIELDS.stream().noneMatch(fields::has)) {
            throw PlatformException.invalid("body", "changes nothing; give memory_mb, cpu_cores or processes");
        }
        if (body.isObject()) {
            // What is wrong is said before anything is touched.
            SandboxFields.changed(fields, policy.limits(), policy);
        }
        fields.check();
        return before -> SandboxFields.changed(fields, before, policy);
    }

    private static Lifetime lifetime(Fields fields) {
        long ttl = fields.integer("ttl_ms", 1, MAX_TTL_MS).orElse(0);
        long idleTtl = fields.integer("idle_ttl_ms", 1, MAX_TTL_MS).orElse(0);
        boolean isAutoPause = fields.flag("auto_pause").orElse(false);
        if (isAutoPause && !fields.has("idle_ttl_ms")) {
            fields.fail("auto_pause", "needs idle_ttl_ms: after how long alone it is paused");
        }
        return new Lifetime(Duration.ofMillis(ttl), Duration.ofMillis(idleTtl), isAutoPause);
    }
}
