package dev.faas.store.sql;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.UUID;

/// Who this server is, so that others on the same machine can see at once whether it still lives.
///
/// @param host      the machine's boot and the process namespace, in which a process id is unique; empty where that can't be told
/// @param startedAt when the process started: a process id is used again
record ServerIdentity(String id, String host, long pid, Instant startedAt) {

    /// The kernel's start times are given in ticks of a clock that is adjusted now and then.
    private static final Duration TOLERANCE = Duration.ofSeconds(2);

    static ServerIdentity ofThisProcess() {
        return of(ProcessHandle.current());
    }

    static ServerIdentity of(ProcessHandle process) {
        return new ServerIdentity(
                "srv_" + UUID.randomUUID(), thisHost(), process.pid(), process.info().startInstant().orElse(Instant.EPOCH));
    }

    /// Whether it can be told for certain that its process is no more.
    boolean isCertainlyDead() {
        return !host.isEmpty() && host.equals(thisHost()) && !isRunning();
    }

    private boolean isRunning() {
        return ProcessHandle.of(pid)
                .filter(ProcessHandle::isAlive)
                .map(process -> process.info().startInstant().orElse(startedAt))
                .map(start -> Duration.between(start, startedAt).abs().compareTo(TOLERANCE) <= 0)
                .orElse(false);
    }

    private static String thisHost() {
        try {
            var boot = Files.readString(Path.of("/proc/sys/kernel/random/boot_id")).strip();
            return boot + " " + Files.readSymbolicLink(Path.of("/proc/self/ns/pid"));
        } catch (IOException | UnsupportedOperationException notLinux) {
            return "";
        }
    }
}
