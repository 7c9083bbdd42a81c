package dev.faas.core.execution;

import dev.faas.core.sandbox.ProcessExit;
import dev.faas.core.sandbox.SandboxProcess;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Moves the output of one process until it has ended.
final class ProcessRun {

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

    /// Takes the output, and waits for the end.
    ///
    /// @throws dev.faas.core.common.PlatformException `SANDBOX_FAILED` when the sandbox was lost
    ProcessExit toEnd() throws InterruptedException, IOException {
        if (listener == ExecutionListener.SILENT) {
            // Nobody can hold the process back, so its output is kept where it arrives: no thread has to wake up for it.
            process.drainTo(output.sink());
        } else {
            followBoth();
        }
        return process.waitFor();
    }

    /// The caller's thread takes stdout, another one stderr.
    private void followBoth() throws InterruptedException, IOException {
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
