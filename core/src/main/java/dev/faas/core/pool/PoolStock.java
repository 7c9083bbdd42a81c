package dev.faas.core.pool;

import dev.faas.core.common.DataSize;
import dev.faas.core.image.ImageReference;
import dev.faas.core.sandbox.Isolation;
import dev.faas.core.sandbox.Sandbox;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.IntSupplier;

/// Everything kept ready, and what should be done about it next: the pools' decisions without their threads. Confined to the pools' lock.
final class PoolStock {

    /// Shapes remembered although nothing is kept of them; beyond it the one used longest ago is forgotten.
    static final int MAX_SHAPES = 256;

    /// A sandbox whose shape wasn't asked for so long gives way to one that is asked for and has none.
    private static final Duration PROTECTED = Duration.ofSeconds(10);

    private final PoolConfig config;
    private final IntSupplier spare;
    private final Map<PoolShape, ShapePool> pools = new LinkedHashMap<>();
    /// To be destroyed by the worker of their technology.
    private final Map<Isolation, ArrayDeque<Sandbox>> unfit = new EnumMap<>(Isolation.class);
    private final Map<Isolation, PoolTally> tallies = new EnumMap<>(Isolation.class);

    /// @param spare how many sandboxes could run beside those that run and those that are waited for; may be negative
    PoolStock(PoolConfig config, IntSupplier spare) {
        this.config = config;
        this.spare = spare;
        for (var isolation : Isolation.values()) {
            unfit.put(isolation, new ArrayDeque<>());
            tallies.put(isolation, new PoolTally(null));
        }
    }

    Collection<ShapePool> pools() {
        return pools.values();
    }

    Optional<ShapePool> find(PoolShape shape) {
        return Optional.ofNullable(pools.get(shape));
    }

    ShapePool pool(ShapePool.Product product, long now) {
        var shape = product.shape();
        var known = pools.get(shape);
        if (known != null) {
            return known;
        }
        if (pools.size() >= MAX_SHAPES) {
            pools.values().stream()
                    .filter(pool -> pool.size() == 0 && pool.inUse() == 0 && pool.prewarmed() == 0)
                    .min(Comparator.comparingLong(ShapePool::usedNanos))
                    .ifPresent(oldest -> pools.remove(oldest.shape()));
        }
        var tally = new PoolTally(tallies.get(shape.isolation()));
        var pool = new ShapePool(product, config, tally, now);
        pools.put(shape, pool);
        return pool;
    }

    Optional<Sandbox> take(SandboxOrder order, long now) {
        var dropped = new ArrayList<Sandbox>();
        var taken = pool(order.product(), now).take(order, now, dropped);
        drop(dropped);
        return taken;
    }

    void drop(Collection<Sandbox> sandboxes) {
        sandboxes.forEach(sandbox -> queue(sandbox.isolation()).add(sandbox));
    }

    /// Forgets what is over and drops what is not wanted any more.
    void weed(long now) {
        var dropped = new ArrayList<Sandbox>();
        pools.values().forEach(pool -> pool.weed(now, dropped));
        drop(dropped);
        pools.values().removeIf(pool -> pool.isOver(now));
    }

    /// What a worker of this technology should do now.
    ///
    /// @param mayFill whether the machine has a moment
    Optional<Task> next(Isolation isolation, boolean mayFill, long now) {
        var remove = queue(isolation).poll();
        if (remove != null) {
            return Optional.of(new Task.Remove(remove));
        }
        var neediest = pools.values().stream()
                .filter(pool -> pool.shape().isolation() == isolation && isDue(pool, now))
                .min(Comparator.comparing((ShapePool pool) -> !pool.isShortOfPrewarmed())
                        .thenComparing(ShapePool::size)
                        .thenComparing(Comparator.comparingLong(ShapePool::usedNanos).reversed()));
        if (!mayFill || neediest.isEmpty()) {
            return Optional.empty();
        }
        var pool = neediest.get();
        if (alive() >= spare.getAsInt()) {
            return Optional.empty();
        }
        if (!hasRoomFor(pool)) {
            makeRoomFor(pool, now);
            // What gave way may be this technology's to remove.
            return Optional.ofNullable(queue(isolation).poll()).map(Task.Remove::new);
        }
        pool.fillBegins();
        return Optional.of(new Task.Fill(pool, pool.image()));
    }

    /// When there will be something to fill; nothing if all are full. What is due already is not a reason to wake up.
    Optional<Long> nextDue(Isolation isolation, long now) {
        return pools.values().stream()
                .filter(pool -> pool.shape().isolation() == isolation)
                .flatMap(pool -> pool.due(now).stream())
                .filter(due -> due > now)
                .min(Comparator.naturalOrder());
    }

    boolean isAnythingDue(Isolation isolation, long now) {
        return pools.values().stream().anyMatch(pool -> pool.shape().isolation() == isolation && isDue(pool, now));
    }

    /// Takes out what stands in the way of executions: as many as are ready beyond the spare places.
    List<Sandbox> surplus() {
        var surplus = new ArrayList<Sandbox>();
        int tooMany = Math.min(ready(), ready() + filling() - spare.getAsInt());
        for (int i = 0; i < tooMany; i++) {
            giveUpOne(pools.values()).ifPresent(surplus::add);
        }
        return surplus;
    }

    /// Takes out the least useful one of a technology that can hold no more.
    Optional<Sandbox> giveUpOne(Isolation isolation) {
        return giveUpOne(pools.values().stream()
                .filter(pool -> pool.shape().isolation() == isolation)
                .toList());
    }

    List<Sandbox> giveUpAll() {
        var all = new ArrayList<Sandbox>();
        pools.values().forEach(pool -> all.addAll(pool.giveUpAll()));
        unfit.values().forEach(queue -> {
            all.addAll(queue);
            queue.clear();
        });
        return all;
    }

    PoolLoad load(Isolation isolation) {
        var same = pools.values().stream()
                .filter(pool -> pool.shape().isolation() == isolation)
                .toList();
        int available = same.stream().mapToInt(ShapePool::available).sum();
        return new PoolLoad(
                isolation,
                available,
                same.stream().mapToInt(ShapePool::size).sum() - available,
                same.stream().mapToInt(ShapePool::inUse).sum(),
                Objects.requireNonNull(tallies.get(isolation)).counts());
    }

    private DataSize memory() {
        return DataSize.ofBytes(pools.values().stream().mapToLong(ShapePool::memory).sum());
    }

    private int ready() {
        return pools.values().stream().mapToInt(ShapePool::available).sum();
    }

    private int filling() {
        return pools.values().stream().mapToInt(pool -> pool.size() - pool.available()).sum();
    }

    private int alive() {
        return ready() + filling() + unfit.values().stream().mapToInt(ArrayDeque::size).sum();
    }

    private static boolean isDue(ShapePool pool, long now) {
        return pool.due(now).filter(due -> due <= now).isPresent();
    }

    private boolean hasRoomFor(ShapePool pool) {
        return alive() < config.maxSandboxes() && memory().bytes() + pool.memoryOfOne() <= config.maxMemory().bytes();
    }

    /// Only for a shape that has none: taking turns over the last places would make work for every request.
    private void makeRoomFor(ShapePool needy, long now) {
        if (needy.available() > 0) {
            return;
        }
        var unprotected = pools.values().stream()
                .filter(pool -> pool.available() > pool.prewarmed() && now - pool.usedNanos() >= PROTECTED.toNanos())
                .toList();
        giveUpOne(unprotected).ifPresent(sandbox -> drop(List.of(sandbox)));
    }

    private static Optional<Sandbox> giveUpOne(Collection<ShapePool> candidates) {
        return candidates.stream()
                .filter(pool -> pool.available() > 0)
                .min(Comparator.comparing((ShapePool pool) -> pool.available() <= pool.prewarmed())
                        .thenComparing(ShapePool::usedNanos))
                .flatMap(ShapePool::giveUpOne);
    }

    private ArrayDeque<Sandbox> queue(Isolation isolation) {
        return Objects.requireNonNull(unfit.get(isolation));
    }

    /// Something a worker does, off everybody's way.
    sealed interface Task {

        /// Counted as being filled until it is reported.
        record Fill(ShapePool pool, ImageReference image) implements Task {}

        record Remove(Sandbox sandbox) implements Task {}
    }
}
