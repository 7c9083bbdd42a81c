package dev.faas.gateway.wire;

import dev.faas.core.common.ErrorCode;
import dev.faas.core.common.PlatformException;
import dev.faas.core.execution.ExecutionMode;
import dev.faas.core.execution.ExecutionRequest;
import dev.faas.gateway.limit.RequestPolicy;
import java.util.List;
import java.util.Set;
import tools.jackson.databind.JsonNode;

/// Turns the body of an execute request into a complete [ExecutionRequest], or says everything that is wrong with it.
/// Every field is
/// honoured or refused. Thread-safe.
public final class ExecuteRequestReader {

    private static final Set<String> FIELDS = Set.of(
            "command",
            "image",
            "runtime",
            "mode",
            "timeout_ms",
            "env_vars",
            "working_dir",
            "payload",
            "payload_encoding",
            "memory_mb",
            "cpu_cores",
            "disk_mb",
            "processes",
            "open_files",
            "read_bps",
            "write_bps",
            "user",
            "network",
            "files",
            "outputs",
            "output_limit_bytes",
            "labels",
            "instance_id",
            "cache_key",
            "cache_ttl_ms",
            "cache_refresh",
            "cache_failures",
            "snapshot_id",
            "branch_from");

    /// Fields of modes that are not there yet, with the mode each belongs to.
    private static final List<List<String>> MODE_FIELDS = List.of(
            List.of("snapshot_id", "checkpointed"), List.of("branch_from", "branched"));

    private final RequestPolicy policy;

    public ExecuteRequestReader(RequestPolicy policy) {
        this.policy = policy;
    }

    /// @param caller what doesn't come from the body
    public ExecutionRequest read(JsonNode body, Caller caller) {
        var fields = Fields.root(body, FIELDS);
        if (!body.isObject()) {
            fields.check();
        }
        var mode = fields.convert("mode", fields.text("mode", 64), ExecutionMode::fromWire)
                .orElse(ExecutionMode.EPHEMERAL);
        var isolation = SandboxFields.isolation(fields);
        var image = SandboxFields.image(fields, policy);
        var command = CommandFields.command(fields, policy);
        var stdin = fields.bytes("payload", "payload_encoding").orElseGet(() -> new byte[0]);
        var limits = SandboxFields.limits(fields, policy);
        var network = NetworkReader.read(fields).orElse(policy.network());
        var files = FileFields.inputs(fields, policy.maxFiles());
        var outputs = FileFields.outputs(fields, policy.maxFiles());
        var labels = CommandFields.labels(fields, policy.maxLabels());
        var instance = instance(fields, mode);
        var cache = CacheFields.read(fields, mode, policy.maxCacheTtl(), caller.refresh());
        fields.check();
        refuseOtherModes(fields, mode);
        return new ExecutionRequest(
                caller.id(),
                caller.tenant(),
                mode,
                isolation,
                image,
                command.orElseThrow(),
                stdin,
                limits,
                network,
                files,
                outputs,
                labels,
                caller.traceParent(),
                instance,
                cache);
    }

    /// An instance has its sandbox already: what would describe another one is refused rather than ignored.
    private static String instance(Fields fields, ExecutionMode mode) {
        var instance = InstanceFields.idOrName(fields, "instance_id");
        if (instance.isEmpty()) {
            return "";
        }
        if (mode != ExecutionMode.PERSISTENT) {
            fields.fail("instance_id", "belongs to mode persistent");
        }
        for (var name : SandboxFields.NAMES) {
            if (fields.has(name)) {
                fields.fail(name, "is the instance's own and can't be chosen for one command; leave it out");
            }
        }
        return instance.get();
    }

    private static void refuseOtherModes(Fields fields, ExecutionMode mode) {
        if (mode == ExecutionMode.CHECKPOINTED || mode == ExecutionMode.BRANCHED) {
            throw new PlatformException(
                    ErrorCode.NOT_IMPLEMENTED,
                    "mode " + mode.wire() + " is not implemented yet; this version has ephemeral, cached and persistent");
        }
        for (var field : MODE_FIELDS) {
            if (fields.has(field.getFirst())) {
                throw new PlatformException(
                        ErrorCode.NOT_IMPLEMENTED,
                        field.getFirst() + " belongs to mode " + field.getLast() + ", which is not implemented yet");
            }
        }
    }

    /// Whose request it is.
    ///
    /// @param id          of the execution to be
    /// @param traceParent empty if there is none
    /// @param refresh     whether a header asks for a new result
    public record Caller(String id, String tenant, String traceParent, boolean refresh) {}
}
