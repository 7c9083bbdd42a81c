package dev.faas.core.pool;

import dev.faas.core.common.ErrorCode;
import dev.faas.core.common.PlatformException;
import dev.faas.core.common.TimeSource;
import dev.faas.core.sandbox.Isolation;
import dev.faas.core.sandbox.Sandbox;
import java.time.Duration;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.IntSupplier;
import org.jspecify.annotations.Nullable;

/// Whole sandboxes, made ahead of time for those who will ask for their like. Thread-safe.
///
/// A sandbox is handed out once, to one user, who destroys it; none ever comes back. What is asked for again is kept ready in the numbers
/// it was last asked for at once, within the bounds of [PoolConfig], and made when no execution is starting. Executions come first: a
/// sandbox that waits is destroyed rather than take a place.
public final class SandboxPools implements AutoCloseable {

    private static final Duration SHORTEST_ROUND = Duration.ofMillis(100);
    private static final Duration LONGEST_ROUND = Duration.ofSeconds(10);
    private static final int ROUNDS_OF_IDLE_TTL = 10;

    private final PoolConfig config;
    private final TimeSource time;
    private final PoolGuard guard = new PoolGuard();
    private final PoolStock stock;
    private final PoolWorkers workers;
    private final PoolPrewarming prewarming;
    private final PrewarmTable prewarmings;
    /// Guarded by the pools' lock.
    private TimeSource.@Nullable Alarm nextRound;

    /// @param spare how many sandboxes could run beside those that run and those that are waited for; may be negative; must not block
    public SandboxPools(PoolConfig config, IntSupplier spare, TimeSource time) {
        this.config = config;
        this.time = time;
        stock = new PoolStock(config, spare);
        prewarmings = new PrewarmTable(config);
        workers = new PoolWorkers(guard, stock, prewarmings, time);
        prewarming = new PoolPrewarming(config, guard, stock, prewarmings, workers, this::keepUp, time);
    }

    /// One that is ready, or else a new one. The caller owns it and destroys it.
    ///
    /// @throws PlatformException as [dev.faas.core.sandbox.SandboxDriver#create]
    public Sandbox acquire(SandboxOrder order) {
        if (!config.isEnabled() || !order.isPoolable()) {
            return make(order);
        }
        var ready = claim(order);
        if (ready.isPresent()) {
            return ready.get();
        }
        try {
            return makeNow(order);
        } finally {
            guard.change(workers::startEnds);
        }
    }

    /// A new one, whatever is ready: for whoever got one that proved to be broken.
    public Sandbox make(SandboxOrder order) {
        return config.isEnabled() ? makeNow(order) : order.make();
    }

    public PoolPrewarming prewarming() {
        return prewarming;
    }

    /// The pools of shapes this tenant asked for, the most recently used first.
    public List<PoolStatus> list(String tenant) {
        return guard.locked(() -> {
            long now = time.nanoTime();
            return stock.pools().stream()
                    .filter(pool -> pool.isSeenBy(tenant))
                    .sorted(Comparator.comparingLong(ShapePool::usedNanos).reversed())
                    .map(pool -> pool.status(now))
                    .toList();
        });
    }

    /// All pools of a technology.
    public PoolLoad load(Isolation isolation) {
        return guard.locked(() -> stock.load(isolation));
    }

    public PoolConfig config() {
        return config;
    }

    /// Destroys what waits; what was handed out is its users'. Idempotent.
    @Override
    public void close() {
        if (!guard.close()) {
            return;
        }
        var left = guard.locked(() -> {
            if (nextRound != null) {
                nextRound.cancel();
            }
            return stock.giveUpAll();
        });
        destroyAll(left);
        workers.close();
    }

    /// Who finds nothing begins a start.
    private Optional<Sandbox> claim(SandboxOrder order) {
        return guard.change(() -> {
            var taken = guard.isClosed() ? Optional.<Sandbox>empty() : stock.take(order, time.nanoTime());
            if (taken.isEmpty()) {
                workers.startBegins();
            }
            if (!guard.isClosed()) {
                workers.need(order.driver().isolation());
                keepUp();
            }
            return taken.map(sandbox -> new PooledSandbox(sandbox, () -> returned(order)));
        });
    }

    private void returned(SandboxOrder order) {
        guard.change(() -> stock.find(order.shape()).ifPresent(ShapePool::returned));
    }

    /// Where the technology can hold no more, one that waits for nobody in particular gives way.
    private Sandbox makeNow(SandboxOrder order) {
        destroyAll(guard.locked(stock::surplus));
        try {
            return order.make();
        } catch (PlatformException full) {
            var inTheWay = full.code() == ErrorCode.CAPACITY_EXHAUSTED
                    ? guard.locked(() -> stock.giveUpOne(order.driver().isolation()))
                    : Optional.<Sandbox>empty();
            if (inTheWay.isEmpty()) {
                throw full;
            }
            PoolWorkers.destroy(inTheWay.get());
            return order.make();
        }
    }

    /// To be called with the lock held.
    private void keepUp() {
        if (nextRound == null && !guard.isClosed()) {
            nextRound = time.schedule(round(), this::lookAround);
        }
    }

    /// Runs on the clock's thread: what takes time is left to the workers.
    private void lookAround() {
        guard.change(() -> {
            nextRound = null;
            long now = time.nanoTime();
            prewarming.expire(now);
            stock.weed(now);
            if (!stock.pools().isEmpty() || !prewarmings.isEmpty()) {
                keepUp();
            }
        });
    }

    private Duration round() {
        var part = config.idleTtl().dividedBy(ROUNDS_OF_IDLE_TTL);
        if (part.compareTo(SHORTEST_ROUND) < 0) {
            return SHORTEST_ROUND;
        }
        return part.compareTo(LONGEST_ROUND) > 0 ? LONGEST_ROUND : part;
    }

    private static void destroyAll(Collection<Sandbox> sandboxes) {
        var threads = sandboxes.stream()
                .map(sandbox -> Thread.startVirtualThread(() -> PoolWorkers.destroy(sandbox)))
                .toList();
        for (var thread : threads) {
            try {
                thread.join();
            } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt();
                return;
            }
        }
    }
}
