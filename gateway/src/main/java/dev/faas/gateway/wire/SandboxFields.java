package dev.faas.gateway.wire;

import dev.faas.core.common.DataSize;
import dev.faas.core.common.ErrorCode;
import dev.faas.core.common.PlatformException;
import dev.faas.core.image.ImageReference;
import dev.faas.core.sandbox.Isolation;
import dev.faas.core.sandbox.Limits;
import dev.faas.gateway.limit.RequestPolicy;
import java.util.List;
import java.util.Optional;

/// The fields about the sandbox: what it is made of and what it may use.
final class SandboxFields {

    static final List<String> NAMES = List.of(
            "image",
            "runtime",
            "memory_mb",
            "cpu_cores",
            "disk_mb",
            "processes",
            "open_files",
            "read_bps",
            "write_bps",
            "network");

    private static final int MIN_MEMORY_MB = 4;
    private static final int MIN_PROCESSES = 1;
    private static final int MIN_OPEN_FILES = 8;
    private static final long MAX_RATE = 1L << 40;

    private SandboxFields() {}

    static ImageReference image(Fields fields, RequestPolicy policy) {
        return fields.convert("image", fields.text("image", ImageReference.MAX_LENGTH), ImageReference::of)
                .orElse(policy.image());
    }

    static Limits limits(Fields fields, RequestPolicy policy) {
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

    /// The limits a living sandbox can be given; the others stay as they are.
    static Limits changed(Fields fields, Limits before, RequestPolicy policy) {
        var most = policy.maxLimits();
        var memory = fields.integer("memory_mb", MIN_MEMORY_MB, most.memory().mebibytes());
        return new Limits(
                memory.isPresent() ? DataSize.ofMebibytes(memory.getAsLong()) : before.memory(),
                (int) fields.thousandths("cpu_cores", most.cpuMillis()).orElse(before.cpuMillis()),
                (int) fields.integer("processes", MIN_PROCESSES, most.processes()).orElse(before.processes()),
                before.disk(),
                before.openFiles(),
                before.readBps(),
                before.writeBps());
    }

    static Optional<Isolation> isolation(Fields fields) {
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
}
