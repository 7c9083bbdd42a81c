package dev.faas.core.execution;

import dev.faas.core.common.TimeSource;
import dev.faas.core.sandbox.SandboxDriver;
import java.time.Duration;
import java.util.List;

/// Runs commands in sandboxes. Thread-safe.
public final class ExecutionEngine implements AutoCloseable {

    private static final String SOON = "this part of the engine lands with the next commit";

    /// Takes over what an earlier life of this server left unfinished. The drivers and the repository stay the caller's to close.
    public ExecutionEngine(
            EngineConfig config,
            List<SandboxDriver> drivers,
            ExecutionRepository repository,
            ExecutionObserver observer,
            TimeSource time) {}

    /// Runs a command and blocks until its end. Being interrupted cancels it.
    ///
    /// @throws dev.faas.core.common.PlatformException when it could not be started; recorded once it had been accepted
    public ExecutionRecord run(ExecutionRequest request, ExecutionListener listener) throws InterruptedException {
        throw new IllegalStateException(SOON);
    }

    /// As [#run], but its record is durable before anything starts: for requests with an idempotency key.
    public ExecutionRecord runDurably(ExecutionRequest request, ExecutionListener listener)
            throws InterruptedException {
        throw new IllegalStateException(SOON);
    }

    /// Runs a command in the background. Durable when this returns.
    public ExecutionRecord submit(ExecutionRequest request) {
        throw new IllegalStateException(SOON);
    }

    /// @throws dev.faas.core.common.PlatformException `NOT_FOUND`
    public ExecutionRecord get(String tenant, String id) {
        throw new IllegalStateException(SOON);
    }

    /// What is remembered, everything that was answered before this call included.
    public ExecutionRepository.Page list(ExecutionRepository.Query query) {
        throw new IllegalStateException(SOON);
    }

    /// Ends an execution at whatever stage it is and returns its final record.
    ///
    /// @param by who asked, for the record
    /// @throws dev.faas.core.common.PlatformException `NOT_FOUND`, or `CONFLICT` when it has ended already
    public ExecutionRecord cancel(String tenant, String id, String by) {
        throw new IllegalStateException(SOON);
    }

    /// Every technology this server was given, best first.
    public List<RuntimeStatus> runtimes() {
        throw new IllegalStateException(SOON);
    }

    public EngineStatus status() {
        throw new IllegalStateException(SOON);
    }

    /// Executions whose records wait for the database.
    public int journalBacklog() {
        throw new IllegalStateException(SOON);
    }

    /// Accepts nothing more and waits for what runs; what is left at the deadline is cancelled.
    ///
    /// @return whether everything ended by itself
    public boolean drain(Duration deadline) {
        throw new IllegalStateException(SOON);
    }

    /// Drains without patience and makes what is known durable.
    @Override
    public void close() {}
}
