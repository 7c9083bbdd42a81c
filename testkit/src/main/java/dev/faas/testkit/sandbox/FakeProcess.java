package dev.faas.testkit.sandbox;

import dev.faas.core.common.ErrorCode;
import dev.faas.core.common.PlatformException;
import dev.faas.core.common.TimeSource;
import dev.faas.core.sandbox.Command;
import dev.faas.core.sandbox.Command.TerminalSize;
import dev.faas.core.sandbox.OutputSink;
import dev.faas.core.sandbox.ProcessExit;
import dev.faas.core.sandbox.SandboxProcess;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// A process that is a thread. Thread-safe.
public final class FakeProcess implements SandboxProcess {

    private static final int SIGKILL = 9;
    private static final int NO_SIGNAL = 0;

    private final int pid;
    private final Command command;
    private final FakeSandbox sandbox;
    private final TimeSource time;
    private final FakeProgram program;
    private final BoundedPipe stdin = new BoundedPipe();
    private final Output stdout;
    private final Output stderr;
    private final long startNanos;
    private final AtomicInteger fatalSignal = new AtomicInteger(NO_SIGNAL);
    private final CountDownLatch ended = new CountDownLatch(1);
    private final List<Thread> drains = new CopyOnWriteArrayList<>();
    private final Thread thread;
    private volatile boolean isTimedOut;
    /// Why it went with its sandbox; empty unless it did.
    private volatile String loss = "";
    private volatile boolean isDeaf;
    private volatile @Nullable ProcessExit exit;

    FakeProcess(int pid, Command command, FakeSandbox sandbox, FakeProgram program, TimeSource time) {
        this.pid = pid;
        this.command = command;
        this.sandbox = sandbox;
        this.program = program;
        this.time = time;
        startNanos = time.nanoTime();
        stdout = new Output(command.outputLimit());
        stderr = new Output(command.outputLimit());
        if (!command.stdin()) {
            stdin.end();
        }
        thread = Thread.ofVirtual().name("fake-process-" + pid).unstarted(this::live);
    }

    void begin() {
        var limit = command.timeout();
        var alarm = limit.isZero() ? (TimeSource.Alarm) () -> {} : time.schedule(limit, this::timeOut);
        Thread.startVirtualThread(() -> {
            awaitEnd();
            alarm.cancel();
        });
        thread.start();
    }

    /// Ignores every signal from now on, as a process in uninterruptible sleep does.
    public void turnDeaf() {
        isDeaf = true;
    }

    /// Counts as killed by the kernel for its memory.
    public void outgrowMemory() {
        sandbox.countOomKill();
        end(SIGKILL);
    }

    @Override
    public int pid() {
        return pid;
    }

    @Override
    public long startNanos() {
        return startNanos;
    }

    @Override
    public OutputStream stdin() {
        return stdin.writer();
    }

    @Override
    public InputStream stdout() {
        return stdout.pipe.reader();
    }

    @Override
    public InputStream stderr() {
        return stderr.pipe.reader();
    }

    @Override
    public void drainTo(OutputSink sink) {
        drains.add(drain(stdout.pipe, sink::stdout));
        drains.add(drain(stderr.pipe, sink::stderr));
    }

    private static Thread drain(BoundedPipe pipe, Consumer<ByteBuffer> sink) {
        return Thread.startVirtualThread(() -> {
            var chunk = new byte[8192];
            try (var source = pipe.reader()) {
                for (int count = source.read(chunk); count >= 0; count = source.read(chunk)) {
                    sink.accept(ByteBuffer.wrap(chunk, 0, count));
                }
            } catch (IOException lost) {
                // Waiting for the process tells.
            }
        });
    }

    @Override
    public void signal(int signal, SignalTarget target) {
        if (!loss.isEmpty()) {
            throw new PlatformException(ErrorCode.SANDBOX_FAILED, loss);
        }
        if (!isDeaf) {
            end(signal);
        }
    }

    @Override
    public void resize(TerminalSize size) {
        if (command.terminal().isEmpty()) {
            throw PlatformException.invalid("terminal", "the process has none");
        }
    }

    @Override
    public ProcessExit waitFor() throws InterruptedException {
        ended.await();
        for (var drain : drains) {
            drain.join();
        }
        var how = exit;
        if (how == null) {
            throw new PlatformException(ErrorCode.SANDBOX_FAILED, loss);
        }
        return how;
    }

    @Override
    public void close() {
        end(SIGKILL);
    }

    /// The sandbox has gone with the process in it.
    void lose(String reason) {
        loss = reason;
        stdin.breakUp(reason);
        stdout.pipe.breakUp(reason);
        stderr.pipe.breakUp(reason);
        end(SIGKILL);
        ended.countDown();
    }

    void awaitEnd() {
        try {
            ended.await();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void timeOut() {
        if (!isDeaf) {
            isTimedOut = true;
            end(SIGKILL);
        }
    }

    private void end(int signal) {
        if (fatalSignal.compareAndSet(NO_SIGNAL, signal)) {
            thread.interrupt();
        }
    }

    private void live() {
        int code = 0;
        try {
            code = program.run(new FakeProgram.Context(
                    command, sandbox, this, stdin.reader(), stdout.stream(), stderr.stream()));
        } catch (IOException | InterruptedException | RuntimeException stopped) {
            // Without a signal it is the program's own failure.
            code = 1;
        }
        if (loss.isEmpty()) {
            exit = exit(code);
        }
        stdin.end();
        stdout.pipe.end();
        stderr.pipe.end();
        ended.countDown();
    }

    private ProcessExit exit(int code) {
        int signal = fatalSignal.get();
        return new ProcessExit(
                signal != NO_SIGNAL,
                signal != NO_SIGNAL ? signal : code,
                isTimedOut,
                stdout.isTruncated(),
                stderr.isTruncated(),
                false,
                Duration.ofNanos(time.nanoTime() - startNanos),
                Duration.ZERO,
                Duration.ZERO,
                0,
                stdout.written.get(),
                stderr.written.get());
    }

    /// One output stream: counts everything, passes on what the limit allows.
    private static final class Output {

        private final BoundedPipe pipe = new BoundedPipe();
        private final AtomicLong written = new AtomicLong();
        private final long limit;

        private Output(long limit) {
            this.limit = limit;
        }

        private boolean isTruncated() {
            return written.get() > limit;
        }

        private OutputStream stream() {
            return new FilterOutputStream(pipe.writer()) {
                @Override
                public void write(int octet) throws IOException {
                    write(new byte[] {(byte) octet}, 0, 1);
                }

                @Override
                public void write(byte[] bytes, int offset, int length) throws IOException {
                    long before = written.getAndAdd(length);
                    long wanted = Math.clamp(limit - before, 0, length);
                    out.write(bytes, offset, (int) wanted);
                }
            };
        }
    }
}
