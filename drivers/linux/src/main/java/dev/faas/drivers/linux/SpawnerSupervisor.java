package dev.faas.drivers.linux;

import dev.faas.core.common.ErrorCode;
import dev.faas.core.common.PlatformException;
import dev.faas.drivers.agent.SocketReactor;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Keeps a spawner running: when one ends unasked, its sandboxes are reported as lost, and another is started in the
/// same directory, which sweeps what is left. Thread-safe.
final class SpawnerSupervisor implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(SpawnerSupervisor.class);
    private static final Duration FIRST_PAUSE = Duration.ofMillis(50);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(10);
    /// Who wants a sandbox waits this long for a spawner that is just being restarted.
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    private final NativeDriverConfig config;
    private final Path directory;
    private final SocketReactor reactor;
    private final Spawner.Listener listener;
    private final Consumer<String> lost;

    private final ReentrantLock stateLock = new ReentrantLock();
    private final Condition changed = stateLock.newCondition();
    /// All guarded by the state lock.
    private @Nullable Spawner current;
    private @Nullable Thread restarting;
    private boolean closed;

    /// @param lost told why, each time a spawner ended unasked, before the next is started
    SpawnerSupervisor(
            NativeDriverConfig config,
            Path directory,
            SocketReactor reactor,
            Spawner.Listener listener,
            Consumer<String> lost) {
        this.config = config;
        this.directory = directory;
        this.reactor = reactor;
        this.listener = listener;
        this.lost = lost;
        adopt(Spawner.start(config, directory, reactor, listener));
    }

    /// The running spawner; waits a little for one that is being started.
    Spawner get() {
        stateLock.lock();
        try {
            long left = PATIENCE.toNanos();
            while (current == null && !closed && left > 0) {
                left = changed.awaitNanos(left);
            }
            if (current == null) {
                throw closed
                        ? new PlatformException(ErrorCode.SHUTTING_DOWN, "the native runtime is shutting down")
                        : new PlatformException(
                                ErrorCode.RUNTIME_FAILED, "faas-spawner does not come back; see the log");
            }
            return current;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new PlatformException(ErrorCode.RUNTIME_FAILED, "interrupted while faas-spawner starts", e);
        } finally {
            stateLock.unlock();
        }
    }

    private void adopt(Spawner spawner) {
        stateLock.lock();
        try {
            current = spawner;
            changed.signalAll();
        } finally {
            stateLock.unlock();
        }
        spawner.onExit(reason -> ended(spawner, reason));
    }

    private void ended(Spawner spawner, String reason) {
        stateLock.lock();
        try {
            if (current == spawner) {
                current = null;
            }
            if (closed) {
                return;
            }
            restarting = Thread.ofVirtual().name("faas-spawner-restart").unstarted(() -> restart(reason));
            restarting.start();
        } finally {
            stateLock.unlock();
        }
    }

    private void restart(String reason) {
        LOG.error("{}: its sandboxes are lost, another one is started", reason);
        lost.accept(reason);
        var pause = FIRST_PAUSE;
        while (true) {
            try {
                if (!pause(pause)) {
                    return;
                }
                var next = Spawner.start(config, directory, reactor, listener);
                adopt(next);
                if (isClosed()) {
                    next.close();
                }
                return;
            } catch (PlatformException e) {
                pause = pause.multipliedBy(2).compareTo(LONGEST_PAUSE) < 0 ? pause.multipliedBy(2) : LONGEST_PAUSE;
                LOG.error("faas-spawner does not start; next try in {}", pause, e);
            }
        }
    }

    /// Waits; answers whether there is still a reason to go on.
    private boolean pause(Duration pause) {
        stateLock.lock();
        try {
            long left = pause.toNanos();
            while (!closed && left > 0) {
                left = changed.awaitNanos(left);
            }
            return !closed;
        } catch (InterruptedException e) {
            return false;
        } finally {
            stateLock.unlock();
        }
    }

    private boolean isClosed() {
        stateLock.lock();
        try {
            return closed;
        } finally {
            stateLock.unlock();
        }
    }

    /// Ends the spawner, whatever state it is in; nothing of it is left afterwards.
    @Override
    public void close() {
        Spawner last;
        Thread restart;
        stateLock.lock();
        try {
            closed = true;
            last = current;
            restart = restarting;
            changed.signalAll();
        } finally {
            stateLock.unlock();
        }
        if (last != null) {
            last.close();
        }
        if (restart != null) {
            // It ends a spawner that it just started, or leaves the directory to be swept.
            join(restart);
            Spawner.sweep(config);
        }
    }

    private static void join(Thread restart) {
        try {
            restart.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
