package dev.faas.core.execution;

import dev.faas.core.common.PlatformException;
import dev.faas.core.sandbox.ProcessExit;
import dev.faas.core.sandbox.SandboxProcess;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Moves the three streams of one process until it has ended.
final class ProcessRun {

    private static final Logger LOG = LoggerFactory.getLogger(ProcessRun.class);

    private final SandboxProcess process;
    private final CapturedOutput output;
    private final ExecutionListener listener;
    private final Consumer<RuntimeException> onListenerFailure;
    private volatile boolean isListening = true;

    /// @param onListenerFailure told once, when the listener throws; it is not called again
    ProcessRun(
            SandboxProcess process,
            CapturedOutput output,
            ExecutionListener listener,
            Consumer<RuntimeException> onListenerFailure) {
        this.process = process;
        this.output = output;
        this.listener = listener;
        this.onListenerFailure = onListenerFailure;
    }

    void tellStarted(String sandboxId) {
        tell(() -> listener.started(sandboxId));
    }

    /// Feeds the input, takes the output, and waits for the end. The caller's thread takes stdout itself.
    ///
    /// @throws PlatformException `SANDBOX_FAILED` when the sandbox was lost
    ProcessExit toEnd(byte[] stdin) throws InterruptedException, IOException {
        if (stdin.length > 0) {
            Thread.startVirtualThread(() -> feed(stdin));
        }
        var problem = new AtomicReference<@Nullable IOException>();
        var errors = Thread.startVirtualThread(() -> {
            try {
                pump(process.stderr(), output.stderr(), listener::stderr);
            } catch (IOException lost) {
                problem.set(lost);
            }
        });
        try {
            pump(process.stdout(), output.stdout(), listener::stdout);
        } finally {
            errors.join();
        }
        var lost = problem.get();
        if (lost != null) {
            throw lost;
        }
        return process.waitFor();
    }

    private void feed(byte[] stdin) {
        try (var target = process.stdin()) {
            target.write(stdin);
        } catch (IOException | PlatformException closed) {
            // A process need not read all it is given.
            LOG.debug("stdin was not read to its end: {}", closed.getMessage());
        }
    }

    private void pump(InputStream source, OutputCapture capture, Chunk toListener) throws IOException {
        try (source) {
            source.transferTo(new FilterOutputStream(OutputStream.nullOutputStream()) {
                @Override
                public void write(byte[] bytes, int offset, int length) {
                    capture.write(bytes, offset, length);
                    tell(() -> toListener.take(bytes, offset, length));
                }
            });
        }
    }

    /// What the listener throws is its own affair: the process is ended, its streams are still drained.
    private void tell(Runnable call) {
        if (!isListening) {
            return;
        }
        try {
            call.run();
        } catch (RuntimeException failure) {
            isListening = false;
            onListenerFailure.accept(failure);
        }
    }

    @FunctionalInterface
    private interface Chunk {
        void take(byte[] bytes, int offset, int length);
    }
}
