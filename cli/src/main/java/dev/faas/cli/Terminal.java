package dev.faas.cli;

import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/// Where a command reads and writes, and which of it a person looks at. Results go to `out`, everything about them to `err`.
/// Thread-safe as far as its streams are.
public final class Terminal {

    private static final int DEFAULT_COLUMNS = 100;
    private static final String CLEAR_LINE = "\r\u001b[K";

    private final InputStream in;
    private final PrintStream out;
    private final PrintStream err;
    private final String interactive;
    private final int columns;

    /// @param interactive the descriptors that are terminals, such as `012`
    public Terminal(InputStream in, PrintStream out, PrintStream err, String interactive, int columns) {
        this.in = in;
        this.out = out;
        this.err = err;
        this.interactive = interactive;
        this.columns = columns;
    }

    /// The process's own streams. The launcher says which are terminals: the JDK can't tell them apart.
    static Terminal standard() {
        return new Terminal(
                System.in,
                new PrintStream(System.out, true, StandardCharsets.UTF_8),
                new PrintStream(System.err, true, StandardCharsets.UTF_8),
                System.getProperty("faas.terminal", ""),
                Integer.getInteger("faas.columns", DEFAULT_COLUMNS));
    }

    public InputStream in() {
        return in;
    }

    public PrintStream out() {
        return out;
    }

    public PrintStream err() {
        return err;
    }

    public int columns() {
        return columns;
    }

    public boolean isInInteractive() {
        return interactive.indexOf('0') >= 0;
    }

    public boolean isOutInteractive() {
        return interactive.indexOf('1') >= 0;
    }

    public boolean isErrInteractive() {
        return interactive.indexOf('2') >= 0;
    }

    /// One line about what went wrong.
    public void complain(String message) {
        err.println(isErrInteractive() ? "\u001b[1;31mfaas:\u001b[0m " + message : "faas: " + message);
    }

    /// One line about what is going on.
    public void note(String message) {
        err.println(message);
    }

    /// A line that the next one replaces; nothing at all when nobody is looking.
    void status(String line) {
        if (isErrInteractive()) {
            err.print(CLEAR_LINE + (line.length() < columns ? line : line.substring(0, columns - 1)));
            err.flush();
        }
    }

    void clearStatus() {
        if (isErrInteractive()) {
            err.print(CLEAR_LINE);
            err.flush();
        }
    }
}
