package dev.faas.e2e;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/// Runs a program to its end and keeps what it wrote.
final class Shell {

    private static final int LIMIT_SECONDS = 90;

    private Shell() {}

    record Ended(int code, String out, String err) {}

    static String output(String... command) {
        var ended = run(new ProcessBuilder(command), new byte[0]);
        if (ended.code() != 0) {
            throw new AssertionError(String.join(" ", command) + ": " + ended);
        }
        return ended.out();
    }

    static Ended run(ProcessBuilder command, byte[] input) {
        try {
            return finish(start(command), input);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// Its output goes to files, so that nothing waits for a reader.
    static Running start(ProcessBuilder command) throws IOException {
        var out = Files.createTempFile("e2e", ".out");
        var err = Files.createTempFile("e2e", ".err");
        return new Running(
                command.redirectOutput(out.toFile()).redirectError(err.toFile()).start(), out, err);
    }

    static Ended finish(Running running, byte[] input) {
        try {
            try (var stdin = running.process().getOutputStream()) {
                stdin.write(input);
            } catch (IOException e) {
                // It ended without reading all of it; what it wrote says why.
            }
            if (!running.process().waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)) {
                running.process().destroyForcibly();
                throw new AssertionError("no end within " + LIMIT_SECONDS + " s: " + take(running.err()));
            }
            return new Ended(running.process().exitValue(), take(running.out()), take(running.err()));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    private static String take(Path file) {
        try {
            var text = Files.readString(file, StandardCharsets.UTF_8);
            Files.delete(file);
            return text;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    record Running(Process process, Path out, Path err) {}
}
