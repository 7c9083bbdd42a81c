package dev.faas.core.pool;

import dev.faas.core.common.ErrorCode;
import dev.faas.core.common.Ids;
import dev.faas.core.common.PlatformException;
import dev.faas.core.common.TimeSource;
import dev.faas.core.pool.PoolStock.Task;
import dev.faas.core.sandbox.Isolation;
import dev.faas.core.sandbox.Sandbox;
import dev.faas.core.sandbox.SandboxSpec;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Make sandboxes ready and remove those nobody wants, one after the other, with one thread per technology. They stand back while
/// executions are starting. Thread-safe.
final class PoolWorkers {

    private static final Logger LOG = LoggerFactory.getLogger(PoolWorkers.class);
    private static final String SANDBOX_ID_PREFIX = "sb";
    private static final String ROOT = "0";
    /// On a machine that never has a moment something is made all the same, once in so long: else nobody would ever find one ready, and the
    /// machine would stay that busy.
    private static final Duration PATIENCE = Duration.ofSeconds(1);
    /// What is still being made then is left to its driver's end.
    private static final Duration END_LIMIT = Duration.ofSeconds(10);

    private final PoolGuard guard;
    private final PoolStock stock;
    private final PrewarmTable prewarmings;
    private final TimeSource time;
    private final Ids ids = Ids.secure();
    /// These are guarded by the pools' lock.
    private final Map<Isolation, Thread> threads = new EnumMap<>(Isolation.class);
    private final Map<Isolation, Long> waitingSince = new EnumMap<>(Isolation.class);
    private final Map<Isolation, TimeSource.Alarm> alarms = new EnumMap<>(Isolation.class);
    private int starting;

    PoolWorkers(PoolGuard guard, PoolStock stock, PrewarmTable prewarmings, TimeSource time) {
        this.guard = guard;
        this.stock = stock;
        this.prewarmings = prewarmings;
        this.time = time;
    }

    /// An execution's sandbox is being got. To be called with the lock held, as the others that don't block.
    void startBegins() {
        starting++;
    }

    void startEnds() {
        starting--;
    }

    /// There may be something to do.
    void need(Isolation isolation) {
        threads.computeIfAbsent(isolation, missing -> Thread.ofVirtual()
                .name("faas-pool-" + missing.wire())
                .start(() -> work(missing)));
    }

    /// Waits for what is being done. Called without the lock, after the guard was closed.
    void close() {
        List<Thread> running = guard.locked(() -> {
            alarms.values().forEach(TimeSource.Alarm::cancel);
            return new ArrayList<>(threads.values());
        });
        for (var thread : running) {
            try {
                thread.join(END_LIMIT);
            } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt();
                return;
            }
        }
    }

    /// Destroys without failing: whoever gives a sandbox up can't do anything about it.
    static void destroy(Sandbox sandbox) {
        try {
            sandbox.destroy();
        } catch (RuntimeException failure) {
            LOG.error("the pooled sandbox {} could not be destroyed", sandbox.id(), failure);
        }
    }

    private void work(Isolation isolation) {
        try {
            for (var task = await(isolation); task.isPresent(); task = await(isolation)) {
                switch (task.get()) {
                    case Task.Remove(var sandbox) -> destroy(sandbox);
                    case Task.Fill fill -> fill(fill);
                }
            }
        } catch (InterruptedException interrupted) {
            LOG.error("the pool of {} is not refilled any more: its thread was interrupted", isolation.wire());
        }
    }

    private Optional<Task> await(Isolation isolation) throws InterruptedException {
        return guard.await(() -> {
            long now = time.nanoTime();
            var task = stock.next(isolation, hasMoment(isolation, now), now);
            if (task.isEmpty()) {
                wakeLater(isolation, now);
            } else if (task.get() instanceof Task.Fill) {
                waitingSince.remove(isolation);
            }
            return task;
        });
    }

    private boolean hasMoment(Isolation isolation, long now) {
        if (!stock.isAnythingDue(isolation, now)) {
            waitingSince.remove(isolation);
            return false;
        }
        long since = waitingSince.computeIfAbsent(isolation, missing -> now);
        return starting == 0 || now - since >= PATIENCE.toNanos();
    }

    private void wakeLater(Isolation isolation, long now) {
        var old = alarms.remove(isolation);
        if (old != null) {
            old.cancel();
        }
        var due = stock.nextDue(isolation, now);
        @Nullable Long since = waitingSince.get(isolation);
        if (since != null) {
            long patienceEnds = since + PATIENCE.toNanos();
            due = patienceEnds > now ? Optional.of(Math.min(due.orElse(patienceEnds), patienceEnds)) : due;
        }
        due.ifPresent(at -> alarms.put(
                isolation, time.schedule(Duration.ofNanos(at - now), () -> guard.change(() -> {}))));
    }

    private void fill(Task.Fill fill) {
        var pool = fill.pool();
        long begin = time.nanoTime();
        Sandbox made;
        try {
            made = make(fill);
        } catch (RuntimeException | Error failure) {
            report(fill, failure);
            return;
        }
        long took = time.nanoTime() - begin;
        long memory = memory(made);
        boolean isKept = guard.change(() -> {
            pool.filled(took, memory);
            return !guard.isClosed() && shelve(fill, made, memory);
        });
        if (!isKept) {
            destroy(made);
        }
    }

    /// A driver may be content with an agent that is on its way. Whoever takes a sandbox from a pool is not to wait for that.
    private Sandbox make(Task.Fill fill) {
        var made = fill.pool().driver().create(spec(fill));
        try {
            made.files().stat("/", ROOT);
            return made;
        } catch (RuntimeException | Error failure) {
            destroy(made);
            throw failure;
        }
    }

    private SandboxSpec spec(Task.Fill fill) {
        var id = ids.next(SANDBOX_ID_PREFIX);
        var shape = fill.pool().shape();
        return new SandboxSpec(
                id,
                fill.image(),
                shape.limits(),
                shape.network(),
                shape.readOnlyRoot(),
                id.replace('_', '-'),
                Map.of());
    }

    private void report(Task.Fill fill, Throwable failure) {
        var shape = fill.pool().shape();
        if (failure instanceof PlatformException refused && refused.code() == ErrorCode.SHUTTING_DOWN) {
            LOG.debug("no sandbox of {} was made ready: {}", fill.image(), refused.getMessage());
        } else {
            LOG.warn("no sandbox of {} could be made ready ({})", fill.image(), shape.isolation().wire(), failure);
        }
        guard.change(() -> fill.pool().fillFailed(String.valueOf(failure.getMessage()), time.nanoTime()));
    }

    private static long memory(Sandbox made) {
        try {
            return made.stats().memoryBytes();
        } catch (PlatformException unknown) {
            LOG.debug("what {} holds is not known: {}", made.id(), unknown.getMessage());
            return 0;
        }
    }

    /// The name may have come to mean another image meanwhile; then that is what is wanted from now on.
    private boolean shelve(Task.Fill fill, Sandbox made, long memory) {
        long now = time.nanoTime();
        var pool = fill.pool();
        var digest = made.image().digest();
        if (!digest.equals(pool.shape().imageDigest())) {
            pool.forgetArrivals();
            pool = stock.pool(new ShapePool.Product(pool.shape().withDigest(digest), fill.image(), pool.driver()), now);
            movePrewarmings(fill, pool, now);
        }
        if (pool.size() >= pool.target(now)) {
            return false;
        }
        pool.shelve(made, memory, now);
        return true;
    }

    private void movePrewarmings(Task.Fill fill, ShapePool successor, long now) {
        for (var entry : prewarmings.of(fill.pool().shape())) {
            if (entry.image().equals(fill.image())) {
                prewarmings.put(entry.withShape(successor.shape()));
                fill.pool().endPrewarm(entry.count());
                successor.prewarm(entry.count(), entry.tenant(), now);
            }
        }
    }
}
