package dev.faas.drivers.docker;

import dev.faas.core.common.PlatformException;
import dev.faas.core.sandbox.SandboxFiles;
import dev.faas.core.sandbox.SandboxStats;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.stream.Stream;

/// What a container used, read by the agent from the control group files every container sees. The engine's own
/// statistics lack the count of processes killed for memory, and the peak on cgroup v2.
final class GuestCounters {

    private static final String GROUPS = "/sys/fs/cgroup/";

    /// No counter file is longer.
    private static final int MAX_BYTES = 64 * 1024;

    private static final String ROOT = "0:0";

    private final SandboxFiles files;

    GuestCounters(SandboxFiles files) {
        this.files = files;
    }

    /// @throws PlatformException if the agent is gone
    SandboxStats read() {
        var network = text("/proc/net/dev").orElse("");
        var version2 = text(GROUPS + "cgroup.controllers");
        return version2.isPresent() ? readV2(network) : readV1(network);
    }

    private SandboxStats readV1(String network) {
        return new SandboxStats(
                Duration.ofNanos(number(GROUPS + "cpuacct/cpuacct.usage")),
                number(GROUPS + "memory/memory.max_usage_in_bytes"),
                number(GROUPS + "memory/memory.usage_in_bytes"),
                (int) field(GROUPS + "memory/memory.oom_control", "oom_kill"),
                (int) number(GROUPS + "pids/pids.current"),
                traffic(network, 0),
                traffic(network, 8));
    }

    private SandboxStats readV2(String network) {
        return new SandboxStats(
                Duration.ofNanos(field(GROUPS + "cpu.stat", "usage_usec") * 1000),
                number(GROUPS + "memory.peak"),
                number(GROUPS + "memory.current"),
                (int) field(GROUPS + "memory.events", "oom_kill"),
                (int) number(GROUPS + "pids.current"),
                traffic(network, 0),
                traffic(network, 8));
    }

    private long number(String path) {
        return text(path).map(GuestCounters::parse).orElse(0L);
    }

    private long field(String path, String name) {
        return text(path).map(content -> value(content, name)).orElse(0L);
    }

    /// Empty if the kernel or the engine doesn't offer the file.
    private Optional<String> text(String path) {
        try (var content = files.read(path, ROOT, 0, MAX_BYTES)) {
            return Optional.of(new String(content.readAllBytes(), StandardCharsets.US_ASCII));
        } catch (IOException e) {
            return Optional.empty();
        } catch (PlatformException e) {
            return switch (e.code()) {
                case NOT_FOUND, VALIDATION_FAILED -> Optional.empty();
                default -> throw e;
            };
        }
    }

    /// The value in a line `name value`.
    static long value(String content, String name) {
        return content.lines()
                .filter(line -> line.startsWith(name + " "))
                .map(line -> parse(line.substring(name.length() + 1)))
                .findFirst()
                .orElse(0L);
    }

    /// Bytes of all interfaces but loopback, from `/proc/net/dev`.
    ///
    /// @param column counted behind the interface's name: 0 received, 8 sent
    static long traffic(String content, int column) {
        return content.lines()
                .filter(line -> line.indexOf(':') > 0)
                .filter(line -> !line.strip().startsWith("lo:"))
                .map(line -> line.substring(line.indexOf(':') + 1).strip().split("\\s+"))
                .flatMap(columns -> columns.length > column ? Stream.of(columns[column]) : Stream.empty())
                .mapToLong(GuestCounters::parse)
                .sum();
    }

    private static long parse(String text) {
        try {
            return Long.parseLong(text.strip());
        } catch (NumberFormatException e) {
            return 0;
        }
    }
}
