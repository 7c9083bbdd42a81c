package dev.faas.cli;

import dev.faas.api.ExecuteResponse;
import dev.faas.sdk.StreamListener;
import java.io.PrintStream;

/// Writes a command's output where the command line's belongs.
final class Echo implements StreamListener {

    private final Terminal terminal;

    Echo(Terminal terminal) {
        this.terminal = terminal;
    }

    /// What the exit code doesn't say.
    static void explain(Terminal terminal, ExecuteResponse result) {
        terminal.out().flush();
        if (!result.outcome().equals("exited") && !result.outcome().equals("signaled") && result.error() != null) {
            terminal.complain(result.error());
        }
        if (result.truncated()) {
            terminal.complain("output beyond the limit was dropped: %d bytes of stdout and %d of stderr were produced"
                    .formatted(result.stdoutBytes(), result.stderrBytes()));
        }
    }

    @Override
    public void stdout(byte[] bytes) {
        write(terminal.out(), bytes);
    }

    @Override
    public void stderr(byte[] bytes) {
        write(terminal.err(), bytes);
    }

    private static void write(PrintStream target, byte[] bytes) {
        target.write(bytes, 0, bytes.length);
        target.flush();
    }
}
