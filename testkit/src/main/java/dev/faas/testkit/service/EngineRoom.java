package dev.faas.testkit.service;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;

/// Namespaces for network, mounts and processes in which a server runs that would otherwise leave traces: when the
/// first process ends, the kernel kills all others and drops mounts, links and packet filter rules. That process reads
/// a pipe from this JVM, so the room also goes when the JVM is killed.
final class EngineRoom implements AutoCloseable {

    private static final Duration LIMIT = Duration.ofSeconds(10);

    private final Process outer;
    private final long first;

    private EngineRoom(Process outer, long first) {
        this.outer = outer;
        this.first = first;
    }

    static EngineRoom open(Path log) {
        // tini is the first process because it reaps the shims that a killed engine leaves behind.
        var command = List.of(
                Programs.require("unshare", "util-linux"),
                "--mount",
                "--net",
                "--pid",
                "--fork",
                "--kill-child",
                "--mount-proc",
                Programs.require("tini", "tini"),
                "--",
                "cat");
        try {
            var outer = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
                    .start();
            long first = Awaitility.await("namespaces for the engine (needs root)")
                    .atMost(LIMIT)
                    .pollInterval(Duration.ofMillis(5))
                    .until(() -> outer.children().findFirst(), Optional::isPresent)
                    .orElseThrow()
                    .pid();
            var room = new EngineRoom(outer, first);
            Awaitility.await("the first process of the engine's room")
                    .atMost(LIMIT)
                    .pollInterval(Duration.ofMillis(5))
                    .until(() -> ProcessHandle.of(first)
                            .filter(handle -> handle.children().findAny().isPresent())
                            .isPresent());
            Programs.run(LIMIT, room.inside(List.of(Programs.require("ip", "iproute2"), "link", "set", "lo", "up")));
            return room;
        } catch (IOException e) {
            throw new UncheckedIOException("can't start unshare", e);
        }
    }

    /// The command as it has to be called from outside to run inside.
    List<String> inside(List<String> command) {
        var whole = new ArrayList<>(List.of(
                Programs.require("nsenter", "util-linux"), "-t", Long.toString(first), "-m", "-n", "-p", "--"));
        whole.addAll(command);
        return whole;
    }

    /// Starts a command that ends with the room at the latest.
    Process start(List<String> command, Path log) {
        try {
            return new ProcessBuilder(inside(command))
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
                    .redirectInput(Path.of("/dev/null").toFile())
                    .start();
        } catch (IOException e) {
            throw new UncheckedIOException("can't start " + command.getFirst(), e);
        }
    }

    /// Kills everything inside and waits until it is gone.
    @Override
    public void close() {
        ProcessHandle.of(first).ifPresent(ProcessHandle::destroyForcibly);
        try {
            outer.getOutputStream().close();
            if (!outer.waitFor(LIMIT.toMillis(), TimeUnit.MILLISECONDS)) {
                throw new IllegalStateException("the engine's room did not end within " + LIMIT);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
