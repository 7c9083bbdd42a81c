package dev.faas.server;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;

/// The processes that use a data directory: each leaves a note with its start time while it lives, because a process id alone is used
/// again. Thread-safe.
final class Instances {

    private static final Duration PATIENCE = Duration.ofSeconds(10);
    /// The kernel's start times are given in ticks of a clock that is adjusted now and then.
    private static final Duration TOLERANCE = Duration.ofSeconds(2);

    private final Path directory;

    Instances(Path dataDir) {
        directory = dataDir.resolve("instances");
    }

    /// Notes this process down until the answer is closed.
    AutoCloseable register() {
        var self = ProcessHandle.current();
        var note = directory.resolve(String.valueOf(self.pid()));
        try {
            Files.createDirectories(directory);
            Files.writeString(note, startOf(self).toString());
            return () -> Files.deleteIfExists(note);
        } catch (IOException e) {
            throw new UncheckedIOException(note + " can't be written", e);
        }
    }

    /// Those that live, this process excepted.
    List<ProcessHandle> alive() {
        try (Stream<Path> notes = Files.exists(directory) ? Files.list(directory) : Stream.empty()) {
            return notes.map(Instances::process)
                    .flatMap(Optional::stream)
                    .filter(process -> process.pid() != ProcessHandle.current().pid())
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(directory + " can't be read", e);
        }
    }

    /// Ends all others: politely, then not.
    ///
    /// @return what was ended, a line each
    List<String> end() throws InterruptedException {
        var ended = new ArrayList<String>();
        var living = alive();
        living.forEach(ProcessHandle::destroy);
        for (var process : living) {
            boolean isGone = await(process);
            if (!isGone) {
                process.destroyForcibly();
                await(process);
            }
            ended.add("process " + process.pid() + (isGone ? "" : " (killed)"));
        }
        return ended;
    }

    /// Takes the notes of processes that are gone away.
    void forget() throws IOException {
        if (Files.exists(directory)) {
            FileTree.delete(directory);
        }
    }

    private static boolean await(ProcessHandle process) throws InterruptedException {
        try {
            process.onExit().get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
            return true;
        } catch (TimeoutException | ExecutionException e) {
            return false;
        }
    }

    private static Optional<ProcessHandle> process(Path note) {
        try {
            var start = Instant.parse(Files.readString(note));
            return ProcessHandle.of(Long.parseLong(note.getFileName().toString()))
                    .filter(ProcessHandle::isAlive)
                    .filter(process -> Duration.between(startOf(process), start).abs().compareTo(TOLERANCE) <= 0);
        } catch (IOException | RuntimeException e) {
            // Half written or taken away: its process is just coming or going.
            return Optional.empty();
        }
    }

    private static Instant startOf(ProcessHandle process) {
        return process.info().startInstant().orElse(Instant.EPOCH);
    }
}
