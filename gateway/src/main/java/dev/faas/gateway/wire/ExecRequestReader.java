package dev.faas.gateway.wire;

import dev.faas.core.execution.ExecutionMode;
import dev.faas.core.execution.ExecutionRequest;
import dev.faas.gateway.limit.RequestPolicy;
import java.util.Optional;
import java.util.Set;
import tools.jackson.databind.JsonNode;

/// Turns the body of a command for an instance into an [ExecutionRequest], or says everything that is wrong with it. What is the
/// instance's own is filled in when it runs. Thread-safe.
public final class ExecRequestReader {

    private static final Set<String> FIELDS = Set.of(
            "command",
            "timeout_ms",
            "env_vars",
            "working_dir",
            "payload",
            "payload_encoding",
            "user",
            "files",
            "outputs",
            "output_limit_bytes",
            "labels");

    private final RequestPolicy policy;

    public ExecRequestReader(RequestPolicy policy) {
        this.policy = policy;
    }

    /// @param caller   what doesn't come from the body
    /// @param instance its id or name
    public ExecutionRequest read(JsonNode body, ExecuteRequestReader.Caller caller, String instance) {
        var fields = Fields.root(body, FIELDS);
        if (!body.isObject()) {
            fields.check();
        }
        var command = CommandFields.command(fields, policy);
        var stdin = fields.bytes("payload", "payload_encoding").orElseGet(() -> new byte[0]);
        var files = FileFields.inputs(fields, policy.maxFiles());
        var outputs = FileFields.outputs(fields, policy.maxFiles());
        var labels = CommandFields.labels(fields, policy.maxLabels());
        fields.check();
        return new ExecutionRequest(
                caller.id(),
                caller.tenant(),
                ExecutionMode.PERSISTENT,
                Optional.empty(),
                policy.image(),
                command.orElseThrow(),
                stdin,
                policy.limits(),
                policy.network(),
                files,
                outputs,
                labels,
                caller.traceParent(),
                instance,
                Optional.empty());
    }
}
