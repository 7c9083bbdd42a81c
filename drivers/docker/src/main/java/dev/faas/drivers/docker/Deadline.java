package dev.faas.drivers.docker;

import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/// Ends calls to an engine that doesn't answer: the client's own timeouts don't work on unix sockets.
final class Deadline {

    private Deadline() {}

    /// Runs the call on a thread of its own and waits for it. After the limit the thread is interrupted, which closes
    /// its connection.
    ///
    /// @throws EngineException if the limit is reached, the caller is interrupted or the engine refuses
    static <T> T call(String doing, Duration limit, Callable<T> call) {
        var task = new FutureTask<>(call);
        Thread.ofVirtual().name("docker-" + doing).start(task);
        try {
            return task.get(limit.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            task.cancel(true);
            throw EngineException.lost(doing + ": the engine did not answer within " + limit.toSeconds() + " s", e);
        } catch (InterruptedException e) {
            task.cancel(true);
            Thread.currentThread().interrupt();
            throw EngineException.lost(doing + ": interrupted", e);
        } catch (ExecutionException e) {
            throw EngineException.of(doing, Objects.requireNonNull(e.getCause()));
        }
    }
}
