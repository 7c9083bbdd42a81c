package dev.faas.drivers.agent;

import dev.faas.core.common.ErrorCode;
import dev.faas.core.common.PlatformException;
import dev.faas.core.sandbox.Command;
import dev.faas.core.sandbox.OutputSink;
import dev.faas.core.sandbox.ProcessExit;
import dev.faas.core.sandbox.SandboxProcess;
import dev.faas.drivers.agent.wire.ConnectionMessage.Failure;
import dev.faas.drivers.agent.wire.FrameType;
import dev.faas.drivers.agent.wire.Message;
import dev.faas.drivers.agent.wire.ProcessMessage;
import dev.faas.drivers.agent.wire.ProcessMessage.Exit;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A process an agent started.
final class AgentProcess implements SandboxProcess {

    private static final Logger LOG = LoggerFactory.getLogger(AgentProcess.class);

    /// An agent forks in microseconds; in an overloaded machine it may have to wait for its share of the processor.
    private static final Duration START_LIMIT = Duration.ofSeconds(60);
    private static final Duration KILL_LIMIT = Duration.ofSeconds(30);

    private final FrameStream stream;
    private final int pid;
    private final InputStream stdout;
    private final InputStream stderr;
    private final OutputStream stdin;

    private AgentProcess(FrameStream stream, int pid, boolean stdinOpen) {
        this.stream = stream;
        this.pid = pid;
        stdout = new StreamInput(stream, FrameType.STDOUT);
        stderr = new StreamInput(stream, FrameType.STDERR);
        stdin = stdinOpen ? new Stdin(stream) : OutputStream.nullOutputStream();
    }

    static AgentProcess start(FrameConnection connection, ProcessMessage.Exec exec) {
        return started(connection.open(exec, 1), exec);
    }

    /// @param input everything the process will read; not empty exactly when its standard input is open
    static AgentProcess start(FrameConnection connection, ProcessMessage.Exec exec, byte[] input) {
        var stream = connection.open(exec, 1, FrameType.STDIN, input);
        var process = started(stream, exec);
        int sent = stream.sentAtOnce();
        if (sent < input.length) {
            Thread.startVirtualThread(() -> process.feed(input, sent));
        }
        return process;
    }

    private void feed(byte[] input, int from) {
        try (stdin) {
            stdin.write(input, from, input.length - from);
        } catch (IOException | PlatformException closed) {
            // A process need not read all it is given.
            LOG.debug("stdin was not read to its end: {}", closed.getMessage());
        }
    }

    private static AgentProcess started(FrameStream stream, ProcessMessage.Exec exec) {
        try {
            var first = stream.next(START_LIMIT, "the start of the process");
            if (first instanceof ProcessMessage.Started(var pid)) {
                return new AgentProcess(stream, (int) pid, (exec.mode() & ProcessMessage.Exec.STDIN_OPEN) != 0);
            }
            throw refusal(first, "the command can't be started");
        } catch (PlatformException e) {
            stream.abort();
            throw e;
        }
    }

    @Override
    public int pid() {
        return pid;
    }

    @Override
    public long startNanos() {
        return stream.firstMessageNanos();
    }

    @Override
    public OutputStream stdin() {
        return stdin;
    }

    @Override
    public InputStream stdout() {
        return stdout;
    }

    @Override
    public InputStream stderr() {
        return stderr;
    }

    @Override
    public void drainTo(OutputSink sink) {
        stream.drainTo((type, bytes) -> {
            if (type == FrameType.STDERR) {
                sink.stderr(bytes);
            } else {
                sink.stdout(bytes);
            }
        });
    }

    @Override
    public void signal(int signal, SignalTarget target) {
        if (signal < 1 || signal > 64) {
            throw PlatformException.invalid("signal", signal + " is no signal of Linux: 1 to 64");
        }
        stream.send(new ProcessMessage.Signal(signal, target.ordinal()));
    }

    @Override
    public void resize(Command.TerminalSize size) {
        stream.send(new ProcessMessage.Resize(size.rows(), size.columns()));
    }

    @Override
    public ProcessExit waitFor() throws InterruptedException {
        return exit(stream.awaitEndAndReaders());
    }

    @Override
    public void close() {
        if (stream.isEnded()) {
            stream.discard();
            return;
        }
        stream.abort();
        try {
            stream.next(KILL_LIMIT, "the end of the process");
        } catch (PlatformException e) {
            // The sandbox is lost, and the process with it; or the agent is stuck, and destroying the sandbox is what
            // helps.
            return;
        }
    }

    private static ProcessExit exit(Message end) {
        if (!(end instanceof Exit exit)) {
            throw refusal(end, "the command failed");
        }
        return new ProcessExit(
                exit.kind() == Exit.SIGNALED,
                (int) exit.code(),
                (exit.flags() & Exit.TIMED_OUT) != 0,
                (exit.flags() & Exit.STDOUT_TRUNCATED) != 0,
                (exit.flags() & Exit.STDERR_TRUNCATED) != 0,
                (exit.flags() & Exit.CORE_DUMPED) != 0,
                Duration.ofNanos(exit.wallNs()),
                Duration.of(exit.userUs(), ChronoUnit.MICROS),
                Duration.of(exit.systemUs(), ChronoUnit.MICROS),
                exit.maxRssBytes(),
                exit.stdoutBytes(),
                exit.stderrBytes());
    }

    static PlatformException refusal(Message message, String doing) {
        return message instanceof Failure failure
                ? WireErrors.ofAgent(failure, doing)
                : new PlatformException(ErrorCode.SANDBOX_FAILED, doing + ": the agent answered " + message.type());
    }

    /// The process's standard input.
    private static final class Stdin extends OutputStream {

        private final FrameStream stream;
        private boolean closed;

        Stdin(FrameStream stream) {
            this.stream = stream;
        }

        @Override
        public void write(int b) throws IOException {
            write(new byte[] {(byte) b}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int offset, int count) throws IOException {
            if (closed) {
                throw new IOException("standard input is closed");
            }
            if (!stream.write(FrameType.STDIN, bytes, offset, count)) {
                throw new IOException("the process has ended");
            }
        }

        @Override
        public void close() throws IOException {
            if (!closed) {
                closed = true;
                stream.end(FrameType.STDIN);
            }
        }
    }
}
