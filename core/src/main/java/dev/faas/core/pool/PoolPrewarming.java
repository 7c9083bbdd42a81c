package dev.faas.core.pool;

import dev.faas.core.common.ErrorCode;
import dev.faas.core.common.Ids;
import dev.faas.core.common.PlatformException;
import dev.faas.core.common.TimeSource;
import java.time.Duration;
import java.util.List;

/// Orders to keep sandboxes ready, whatever is asked for. Thread-safe.
public final class PoolPrewarming {

    private static final String ID_PREFIX = "pw";

    private final PoolConfig config;
    private final PoolGuard guard;
    private final PoolStock stock;
    private final PrewarmTable table;
    private final PoolWorkers workers;
    private final Runnable keepUp;
    private final TimeSource time;
    private final Ids ids = Ids.secure();

    /// @param keepUp called with the lock held: something is to be looked after from now on
    PoolPrewarming(
            PoolConfig config,
            PoolGuard guard,
            PoolStock stock,
            PrewarmTable table,
            PoolWorkers workers,
            Runnable keepUp,
            TimeSource time) {
        this.config = config;
        this.guard = guard;
        this.stock = stock;
        this.table = table;
        this.workers = workers;
        this.keepUp = keepUp;
        this.time = time;
    }

    /// @throws PlatformException `CONFLICT` where nothing is pooled
    public void checkEnabled() {
        if (!config.isEnabled()) {
            throw new PlatformException(
                    ErrorCode.CONFLICT, "this server keeps no sandboxes ready: pool.max-sandboxes is 0");
        }
        guard.checkOpen();
    }

    /// Keeps so many of the shape ready from now on, in place of what the tenant ordered of it before.
    ///
    /// @param count at least 1
    /// @throws PlatformException `CONFLICT` where nothing is pooled, `CAPACITY_EXHAUSTED` beyond the bounds
    public Prewarming start(SandboxOrder order, int count, Duration ttl) {
        checkEnabled();
        return guard.change(() -> {
            long now = time.nanoTime();
            var shape = order.shape();
            var replaced = table.find(order.tenant(), shape);
            table.checkRoom(shape, count, replaced);
            var pool = stock.pool(order.product(), now);
            replaced.ifPresent(entry -> pool.endPrewarm(entry.count()));
            pool.prewarm(count, order.tenant(), now);
            var id = replaced.map(PrewarmTable.Entry::id).orElseGet(() -> ids.next(ID_PREFIX));
            var entry = new PrewarmTable.Entry(
                    id,
                    order.tenant(),
                    order.spec().image(),
                    shape,
                    count,
                    now + ttl.toNanos(),
                    time.instant().plus(ttl));
            table.put(entry);
            stock.weed(now);
            workers.need(shape.isolation());
            keepUp.run();
            return describe(entry);
        });
    }

    /// Waits until all are ready, one could not be made, or the patience is over.
    public Prewarming awaitReady(String tenant, String id, Duration patience) throws InterruptedException {
        guard.await(patience, () -> {
            var now = get(tenant, id);
            return now.isReady() || !now.failure().isEmpty();
        });
        return guard.locked(() -> get(tenant, id));
    }

    public List<Prewarming> list(String tenant) {
        return guard.locked(() -> table.of(tenant).stream().map(this::describe).toList());
    }

    /// Keeps them ready no longer than others are.
    ///
    /// @throws PlatformException `NOT_FOUND`
    public Prewarming end(String tenant, String id) {
        return guard.change(() -> {
            var ended = get(tenant, id);
            table.find(tenant, id).ifPresent(this::end);
            stock.weed(time.nanoTime());
            return ended;
        });
    }

    /// As [#end], for the order of the same things.
    ///
    /// @throws PlatformException `NOT_FOUND` if there is none
    public Prewarming endLike(PrewarmRequest request) {
        return list(request.tenant()).stream()
                .filter(request::isLike)
                .findFirst()
                .map(found -> end(request.tenant(), found.id()))
                .orElseThrow(() -> new PlatformException(
                        ErrorCode.NOT_FOUND, "there is no prewarming of " + request.image() + " with these fields"));
    }

    /// Ends what has had its time. To be called with the lock held.
    void expire(long now) {
        table.expired(now).forEach(this::end);
    }

    private void end(PrewarmTable.Entry entry) {
        table.remove(entry);
        stock.find(entry.shape()).ifPresent(pool -> pool.endPrewarm(entry.count()));
    }

    private Prewarming get(String tenant, String id) {
        return table.find(tenant, id)
                .map(this::describe)
                .orElseThrow(() -> new PlatformException(ErrorCode.NOT_FOUND, "there is no prewarming " + id));
    }

    private Prewarming describe(PrewarmTable.Entry entry) {
        var pool = stock.find(entry.shape());
        int available = pool.map(ShapePool::available).orElse(0);
        return new Prewarming(
                entry.id(),
                entry.tenant(),
                entry.image(),
                entry.shape(),
                entry.count(),
                Math.min(entry.count(), available),
                entry.expiresAt(),
                pool.map(ShapePool::failure).orElse(""));
    }
}
