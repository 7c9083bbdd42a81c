package dev.faas.core.sandbox;

import java.io.InputStream;
import java.io.OutputStream;

/// A process in a sandbox. Each stream may be used by one thread at a time, different streams by different threads.
///
/// Output is bounded by windows: a process whose output nobody reads stops writing. So read both streams (each on a thread of its own),
/// or have them taken by [#drainTo], before [#waitFor].
public interface SandboxProcess extends AutoCloseable {

    /// Its id inside the sandbox. Blocks until it is known.
    int pid();

    /// When the agent's word came that it runs, on the clock of [System#nanoTime].
    long startNanos();

    /// Closing it is the process's end of file. Writing blocks while the process doesn't read; after the process has ended it throws.
    OutputStream stdin();

    /// Ends when the process has ended and its output is drained. With a terminal, everything it prints.
    InputStream stdout();

    InputStream stderr();

    /// Has both streams taken by the sink from now on, in place of a reader; first what has arrived already.
    void drainTo(OutputSink sink);

    /// Drops both streams from now on.
    default void discardOutput() {
        drainTo(OutputSink.NOWHERE);
    }

    /// @param signal a signal number of Linux, 1 to 64
    void signal(int signal, SignalTarget target);

    void resize(Command.TerminalSize size);

    /// Blocks until the process has ended and both output streams are delivered or discarded.
    ///
    /// @throws dev.faas.core.common.PlatformException `SANDBOX_FAILED` when the sandbox was lost: side effects may have happened
    ProcessExit waitFor() throws InterruptedException;

    /// Kills the process with all its descendants if it still runs, and lets go of it.
    @Override
    void close();

    enum SignalTarget {
        PROCESS,
        GROUP,
        TREE
    }
}
