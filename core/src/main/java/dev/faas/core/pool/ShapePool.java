package dev.faas.core.pool;

import dev.faas.core.image.ImageReference;
import dev.faas.core.sandbox.Sandbox;
import dev.faas.core.sandbox.SandboxDriver;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// The sandboxes of one shape, and how often they are asked for. Confined to the pools' lock.
final class ShapePool {

    /// The least time in which arrivals count as simultaneous; longer where it takes longer to make a sandbox.
    private static final Duration SHORTEST_WINDOW = Duration.ofMillis(250);
    /// In an idle period the wish for company fades in so many halves.
    private static final int HALVES_OF_IDLE_TTL = 5;

    private static final Duration FIRST_PAUSE = Duration.ofSeconds(1);
    private static final Duration LONGEST_PAUSE = Duration.ofMinutes(1);

    private final PoolShape shape;
    private final PoolConfig config;
    private final SandboxDriver driver;
    private final ArrivalPeak arrivals;
    private final PoolTally tally;
    /// The one that waits longest first.
    private final ArrayDeque<Idle> idle = new ArrayDeque<>();
    private final Set<String> tenants = new HashSet<>();
    private ImageReference image;
    private int filling;
    private int inUse;
    private int prewarmed;
    private long usedNanos;
    private String failure = "";
    private Duration pause = Duration.ZERO;
    private long notBefore;
    private @Nullable Long needNanos;

    ShapePool(Product product, PoolConfig config, PoolTally tally, long now) {
        shape = product.shape();
        image = product.image();
        driver = product.driver();
        this.config = config;
        this.tally = tally;
        arrivals = new ArrivalPeak(config.maxPerShape(), config.idleTtl().dividedBy(HALVES_OF_IDLE_TTL));
        usedNanos = now;
        notBefore = now;
    }

    /// What is made, and how to ask for it.
    record Product(PoolShape shape, ImageReference image, SandboxDriver driver) {}

    /// A sandbox that waits for its user.
    ///
    /// @param memory it holds while it waits
    record Idle(Sandbox sandbox, long sinceNanos, long memory) {}

    PoolShape shape() {
        return shape;
    }

    SandboxDriver driver() {
        return driver;
    }

    ImageReference image() {
        return image;
    }

    long usedNanos() {
        return usedNanos;
    }

    int available() {
        return idle.size();
    }

    int size() {
        return idle.size() + filling;
    }

    int inUse() {
        return inUse;
    }

    boolean isSeenBy(String tenant) {
        return tenants.contains(tenant);
    }

    long memory() {
        return idle.stream().mapToLong(Idle::memory).sum();
    }

    String failure() {
        return failure;
    }

    /// What one more will hold, going by those before it.
    long memoryOfOne() {
        return tally.memoryOfOne();
    }

    /// Somebody asks for a sandbox.
    ///
    /// @param unfit takes those that can't be handed out any more
    Optional<Sandbox> take(SandboxOrder order, long now, List<Sandbox> unfit) {
        image = order.spec().image();
        tenants.add(order.tenant());
        usedNanos = now;
        arrivals.arrived(now, window());
        while (!idle.isEmpty()) {
            var oldest = idle.removeFirst();
            if (!oldest.sandbox().isAlive()) {
                tally.died();
                unfit.add(oldest.sandbox());
            } else if (isTooOld(oldest, now)) {
                unfit.add(oldest.sandbox());
            } else {
                tally.hit();
                inUse++;
                return Optional.of(oldest.sandbox());
            }
        }
        tally.missed();
        return Optional.empty();
    }

    void returned() {
        inUse--;
    }

    /// How many are to be ready.
    int target(long now) {
        int wanted = isForgotten(now) ? 0 : Math.min(arrivals.wanted(now), config.maxPerShape());
        return Math.max(prewarmed, wanted);
    }

    int prewarmed() {
        return prewarmed;
    }

    void prewarm(int more, String tenant, long now) {
        prewarmed += more;
        tenants.add(tenant);
        pause = Duration.ZERO;
        notBefore = now;
    }

    void endPrewarm(int fewer) {
        prewarmed -= fewer;
    }

    /// When the next sandbox should be made.
    ///
    /// @return nothing if there are enough
    Optional<Long> due(long now) {
        if (size() >= target(now)) {
            needNanos = null;
            return Optional.empty();
        }
        var since = needNanos;
        if (since == null) {
            since = now;
            needNanos = now;
        }
        long polite = since + config.refillDelay().toNanos();
        return Optional.of(Math.max(polite, notBefore));
    }

    boolean isShortOfPrewarmed() {
        return size() < prewarmed;
    }

    void fillBegins() {
        filling++;
    }

    void filled(long nanos, long memory) {
        filling--;
        tally.refilled(nanos, memory);
        failure = "";
        pause = Duration.ZERO;
    }

    void fillFailed(String reason, long now) {
        filling--;
        tally.failed();
        failure = reason;
        pause = pause.isZero() ? FIRST_PAUSE : pause.multipliedBy(2);
        pause = pause.compareTo(LONGEST_PAUSE) > 0 ? LONGEST_PAUSE : pause;
        notBefore = now + pause.toNanos();
    }

    void shelve(Sandbox sandbox, long memory, long now) {
        idle.addLast(new Idle(sandbox, now, memory));
    }

    /// The name leads to another image now: nothing of this shape can be made any more.
    void forgetArrivals() {
        arrivals.forget();
    }

    /// Takes out what is dead, too old or more than wanted.
    void weed(long now, List<Sandbox> unfit) {
        idle.removeIf(candidate -> {
            boolean isDead = !candidate.sandbox().isAlive();
            if (isDead) {
                tally.died();
            }
            boolean isUnfit = isDead || isTooOld(candidate, now);
            if (isUnfit) {
                unfit.add(candidate.sandbox());
            }
            return isUnfit;
        });
        while (idle.size() > target(now)) {
            unfit.add(idle.removeFirst().sandbox());
        }
    }

    /// Gives the one that waits longest up for something more urgent.
    Optional<Sandbox> giveUpOne() {
        return Optional.ofNullable(idle.pollFirst()).map(Idle::sandbox);
    }

    List<Sandbox> giveUpAll() {
        var all = new ArrayList<>(idle.stream().map(Idle::sandbox).toList());
        idle.clear();
        return all;
    }

    /// Whether there is nothing left to remember.
    boolean isOver(long now) {
        return size() == 0 && inUse == 0 && prewarmed == 0 && isForgotten(now);
    }

    PoolStatus status(long now) {
        return new PoolStatus(
                shape,
                image,
                idle.size(),
                filling,
                target(now),
                prewarmed,
                inUse,
                tally.counts(),
                tally.timeOfOne(),
                tally.memoryOfOne(),
                failure);
    }

    private Duration window() {
        var twice = tally.timeOfOne().multipliedBy(2);
        return twice.compareTo(SHORTEST_WINDOW) > 0 ? twice : SHORTEST_WINDOW;
    }

    private boolean isForgotten(long now) {
        return now - usedNanos >= config.idleTtl().toNanos();
    }

    private boolean isTooOld(Idle candidate, long now) {
        return now - candidate.sinceNanos() >= config.maxAge().toNanos();
    }
}
