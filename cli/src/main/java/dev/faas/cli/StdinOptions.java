package dev.faas.cli;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/// Whether a command reads what is piped in here.
final class StdinOptions {

    static final int MAX_MIB = 20;
    /// A pipe that nobody closes would otherwise look like a command that hangs.
    private static final Duration PATIENCE = Duration.ofSeconds(2);

    @Option(
            names = {"-i", "--stdin"},
            negatable = true,
            description = "Hands your stdin on, up to its end (at most " + MAX_MIB
                    + " MiB). Done by itself unless stdin is a terminal; --no-stdin leaves it alone.")
    private @Nullable Boolean stdin;

    /// Everything up to the end of stdin, nothing if it isn't wanted.
    ///
    /// @return empty when there is none
    byte[] read(Terminal terminal) {
        boolean isWanted = stdin == null ? !terminal.isInInteractive() : stdin;
        if (!isWanted) {
            return new byte[0];
        }
        var read = new CountDownLatch(1);
        Thread.ofVirtual().name("faas-stdin").start(() -> explain(terminal, read));
        try {
            return readAll(terminal);
        } finally {
            read.countDown();
        }
    }

    private static void explain(Terminal terminal, CountDownLatch read) {
        try {
            if (!read.await(PATIENCE.toMillis(), TimeUnit.MILLISECONDS)) {
                terminal.note(terminal.isInInteractive()
                        ? "faas: reading your input up to its end (Ctrl-D)"
                        : "faas: waiting for the end of stdin; --no-stdin or </dev/null runs without it");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static byte[] readAll(Terminal terminal) {
        int limit = MAX_MIB << 20;
        try {
            var bytes = terminal.in().readNBytes(limit + 1);
            if (bytes.length > limit) {
                throw new CommandException("stdin is longer than " + MAX_MIB
                        + " MiB; hand larger input over with --file, or leave it alone with --no-stdin");
            }
            return bytes;
        } catch (IOException e) {
            throw new CommandException("stdin can't be read: " + e.getMessage());
        }
    }
}
