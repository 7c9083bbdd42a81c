package dev.faas.drivers.docker;

import dev.faas.core.common.ErrorCode;
import dev.faas.core.common.PlatformException;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Removes containers, and goes on trying while the engine is away: a container is never forgotten. Thread-safe.
final class Removals implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Removals.class);

    private static final String REMOVING = "removing the container";

    private static final Duration RETRY_INTERVAL = Duration.ofSeconds(1);

    private final Engine engine;
    private final Turns turns = new Turns();
    private final Set<String> pending = ConcurrentHashMap.newKeySet();
    private final ReentrantLock retryLock = new ReentrantLock();
    private final Condition wakeUp = retryLock.newCondition();
    /// Guarded by the retry lock, as is `closed`.
    private boolean retrying;

    private boolean closed;

    Removals(Engine engine) {
        this.engine = engine;
    }

    /// Removes the container of that name or id with its volumes. One that isn't there is removed already.
    ///
    /// @throws PlatformException `RUNTIME_FAILED` when the engine refused or didn't answer; it is tried again in the
    /// background
    void remove(String container) {
        try {
            attempt(container);
        } catch (EngineException e) {
            pending.add(container);
            retryInBackground();
            throw new PlatformException(
                    ErrorCode.RUNTIME_FAILED,
                    "docker: " + e.getMessage() + "; the container will be removed when the engine allows it",
                    e);
        }
    }

    /// As [#remove], for a caller who already reports another failure.
    void removeQuietly(String container) {
        try {
            remove(container);
        } catch (PlatformException e) {
            LOG.warn("container {} could not be removed yet: {}", container, e.getMessage());
        }
    }

    /// Tries what is pending one last time; what then remains goes with the next start's sweep.
    @Override
    public void close() {
        retryLock.lock();
        try {
            closed = true;
            wakeUp.signalAll();
        } finally {
            retryLock.unlock();
        }
        retryAll();
        if (!pending.isEmpty()) {
            LOG.warn("{} containers remain in the engine until the next start: {}", pending.size(), pending);
        }
    }

    private void attempt(String container) {
        try {
            turns.take(REMOVING, () -> engine.ask(REMOVING, client -> client.removeContainerCmd(container)
                    .withForce(true)
                    .withRemoveVolumes(true)
                    .exec()));
        } catch (EngineException e) {
            // A conflict: somebody else is removing it right now.
            if (!e.isNotFound() && !e.isConflict()) {
                throw e;
            }
        }
    }

    private void retryInBackground() {
        retryLock.lock();
        try {
            if (retrying || closed) {
                return;
            }
            retrying = true;
        } finally {
            retryLock.unlock();
        }
        Thread.ofVirtual().name("docker-removals").start(this::retryUntilDone);
    }

    private void retryUntilDone() {
        while (awaitTurn()) {
            retryAll();
        }
    }

    /// Whether there is anything left to do, after a while.
    private boolean awaitTurn() {
        retryLock.lock();
        try {
            if (!closed && !pending.isEmpty()) {
                wakeUp.awaitNanos(RETRY_INTERVAL.toNanos());
            }
            retrying = !closed && !pending.isEmpty();
            return retrying;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            retrying = false;
            return false;
        } finally {
            retryLock.unlock();
        }
    }

    private void retryAll() {
        for (var container : pending) {
            try {
                attempt(container);
                pending.remove(container);
            } catch (EngineException e) {
                if (e.isLost()) {
                    // The others would wait in vain too.
                    return;
                }
                LOG.debug("container {} still can't be removed: {}", container, e.getMessage());
            }
        }
    }
}
