package dev.faas.gateway.wire;

import dev.faas.core.common.DataSize;
import dev.faas.core.common.ErrorCode;
import dev.faas.core.common.PlatformException;
import dev.faas.core.execution.ExecutionMode;
import dev.faas.core.execution.ExecutionRequest;
import dev.faas.core.image.ImageReference;
import dev.faas.core.sandbox.Command;
import dev.faas.core.sandbox.Isolation;
import dev.faas.core.sandbox.Limits;
import dev.faas.gateway.limit.RequestPolicy;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
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
            "cache_key",
            "snapshot_id",
            "branch_from");

    /// Fields of modes that are not there yet, with the mode each belongs to.
    private static final List<List<String>> MODE_FIELDS = List.of(
            List.of("cache_key", "cached"), List.of("snapshot_id", "checkpointed"), List.of("branch_from", "branched"));

    private static final Pattern USER =
            Pattern.compile("[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,63})?");
    private static final int MIN_MEMORY_MB = 4;
    private static final int MIN_PROCESSES = 1;
    private static final int MIN_OPEN_FILES = 8;
    private static final long MAX_RATE = 1L << 40;

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
        var isolation = isolation(fields);
        var image = fields.convert("image", fields.text("image", ImageReference.MAX_LENGTH), ImageReference::of)
                .orElse(policy.image());
        var command = command(fields);
        var stdin = fields.bytes("payload", "payload_encoding").orElseGet(() -> new byte[0]);
        var limits = limits(fields);
        var network = NetworkReader.read(fields).orElse(policy.network());
        var files = FileFields.inputs(fields, policy.maxFiles());
        var outputs = FileFields.outputs(fields, policy.maxFiles());
        var labels = CommandFields.labels(fields, policy.maxLabels());
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
                "");
    }

    private Optional<Command> command(Fields fields) {
        var argv = CommandFields.argv(fields);
        var env = CommandFields.env(fields);
        CommandFields.checkTotal(fields, argv, env);
        var workingDir =
                FileFields.absolutePath(fields, "working_dir", fields.text("working_dir", FileFields.MAX_PATH));
        var user = fields.text("user", 129).filter(name -> {
            boolean isName = USER.matcher(name).matches();
            if (!isName) {
                fields.fail("user", "must be a name or a uid, optionally with :group");
            }
            return isName;
        });
        long timeoutMs = fields.integer("timeout_ms", 1, policy.maxTimeout().toMillis())
                .orElse(policy.timeout().toMillis());
        long outputLimit = fields.integer(
                        "output_limit_bytes", 1, policy.maxOutputLimit().bytes())
                .orElse(policy.outputLimit().bytes());
        if (argv.isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(new Command(
                argv,
                env,
                workingDir.orElse(""),
                user.orElse(""),
                Duration.ofMillis(timeoutMs),
                outputLimit,
                fields.has("payload"),
                Optional.empty()));
    }

    private Limits limits(Fields fields) {
        var defaults = policy.limits();
        var most = policy.maxLimits();
        var memory = fields.integer("memory_mb", MIN_MEMORY_MB, most.memory().mebibytes());
        var disk = fields.integer("disk_mb", 1, most.disk().mebibytes());
        return new Limits(
                memory.isPresent() ? DataSize.ofMebibytes(memory.getAsLong()) : defaults.memory(),
                (int) fields.thousandths("cpu_cores", most.cpuMillis()).orElse(defaults.cpuMillis()),
                (int) fields.integer("processes", MIN_PROCESSES, most.processes())
                        .orElse(defaults.processes()),
                disk.isPresent() ? DataSize.ofMebibytes(disk.getAsLong()) : defaults.disk(),
                (int) fields.integer("open_files", MIN_OPEN_FILES, most.openFiles())
                        .orElse(defaults.openFiles()),
                fields.integer("read_bps", 1, MAX_RATE).orElse(defaults.readBps()),
                fields.integer("write_bps", 1, MAX_RATE).orElse(defaults.writeBps()));
    }

    private static Optional<Isolation> isolation(Fields fields) {
        var name = fields.text("runtime", 64);
        if (name.isEmpty() || name.get().equals("auto")) {
            return Optional.empty();
        }
        if (name.get().equals("firecracker")) {
            throw new PlatformException(
                    ErrorCode.RUNTIME_UNAVAILABLE,
                    "runtime firecracker is not part of this server; GET /api/v1/runtimes lists those that are");
        }
        return fields.convert("runtime", name, Isolation::fromWire);
    }

    private static void refuseOtherModes(Fields fields, ExecutionMode mode) {
        if (mode != ExecutionMode.EPHEMERAL) {
            throw new PlatformException(
                    ErrorCode.NOT_IMPLEMENTED,
                    "mode " + mode.wire() + " is not implemented yet; the only mode of this version is ephemeral");
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
    public record Caller(String id, String tenant, String traceParent) {}
}
