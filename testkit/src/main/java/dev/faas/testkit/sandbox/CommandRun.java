package dev.faas.testkit.sandbox;

import dev.faas.core.common.PlatformException;
import dev.faas.core.sandbox.Command;
import dev.faas.core.sandbox.ProcessExit;
import dev.faas.core.sandbox.Sandbox;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/// A command run to its end, with everything it wrote.
public record CommandRun(ProcessExit exit, byte[] stdout, byte[] stderr) {

    public static CommandRun of(Sandbox sandbox, Command command) {
        return of(sandbox, command, new byte[0]);
    }

    /// `sh -c script`.
    public static CommandRun shell(Sandbox sandbox, String script) {
        return of(sandbox, Command.shell(script));
    }

    /// @param stdin what the process reads, if the command asks for a standard input
    public static CommandRun of(Sandbox sandbox, Command command, byte[] stdin) {
        try (var process = sandbox.start(command)) {
            var stdout = new Drain(process.stdout());
            var stderr = new Drain(process.stderr());
            if (command.stdin()) {
                try (var input = process.stdin()) {
                    input.write(stdin);
                }
            }
            var exit = process.waitFor();
            return new CommandRun(exit, stdout.bytes(), stderr.bytes());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted", e);
        }
    }

    public String text() {
        return new String(stdout, StandardCharsets.UTF_8);
    }

    public String line() {
        return text().strip();
    }

    public String errors() {
        return new String(stderr, StandardCharsets.UTF_8);
    }

    @Override
    public String toString() {
        return exit + "\nstdout: " + text() + "\nstderr: " + errors();
    }

    /// Reads a stream to its end on a thread of its own.
    private static final class Drain {

        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        private final Thread thread;

        Drain(InputStream in) {
            thread = Thread.ofVirtual().start(() -> {
                try {
                    in.transferTo(bytes);
                } catch (IOException | PlatformException e) {
                    // A sandbox that is lost: whoever waits for the process learns it.
                    return;
                }
            });
        }

        byte[] bytes() throws InterruptedException {
            thread.join();
            return bytes.toByteArray();
        }
    }
}
