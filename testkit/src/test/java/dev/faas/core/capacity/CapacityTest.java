package dev.faas.core.capacity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.faas.core.capacity.Capacity.Place;
import dev.faas.core.common.ErrorCode;
import dev.faas.core.common.PlatformException;
import dev.faas.testkit.ManualClock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class CapacityTest {

    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final ManualClock clock = new ManualClock(Instant.EPOCH);
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();

    @AfterEach
    void endThreads() {
        threads.shutdownNow();
    }

    @Test
    void aFreePlaceIsTakenAtOnce() throws InterruptedException {
        var capacity = new Capacity(1, 0, 0, clock);

        assertThat(capacity.enter("a", PATIENCE).await()).isTrue();
        assertThat(capacity.running()).isEqualTo(1);
        assertThat(clock.pendingAlarms()).as("nothing waits, so nothing is timed").isZero();
    }

    @Test
    void withoutAQueueTheNextIsRefusedWithAHint() {
        var capacity = new Capacity(1, 0, 0, clock);
        capacity.enter("a", PATIENCE);

        assertThatThrownBy(() -> capacity.enter("b", PATIENCE))
                .isInstanceOfSatisfying(PlatformException.class, refusal -> {
                    assertThat(refusal.code()).isEqualTo(ErrorCode.CAPACITY_EXHAUSTED);
                    assertThat(refusal.retryAfter()).contains(Duration.ofSeconds(1));
                });
    }

    @Test
    void theHintGrowsWithTheQueueAndTheTimePlacesAreHeld() {
        var capacity = new Capacity(2, 5, 5, clock);
        var place = capacity.enter("a", PATIENCE);
        clock.advance(Duration.ofSeconds(10));
        place.release();
        IntStream.range(0, 7).forEach(i -> capacity.enter("a", PATIENCE));

        assertThatThrownBy(() -> capacity.enter("a", PATIENCE))
                .isInstanceOfSatisfying(
                        PlatformException.class,
                        refusal -> assertThat(refusal.retryAfter()).contains(Duration.ofSeconds(30)));
    }

    @Test
    void oneTenantCanNotFillTheQueue() {
        var capacity = new Capacity(1, 10, 2, clock);
        IntStream.range(0, 3).forEach(i -> capacity.enter("greedy", PATIENCE));

        assertThatThrownBy(() -> capacity.enter("greedy", PATIENCE)).hasMessageContaining("this tenant");
        assertThat(capacity.enter("modest", PATIENCE)).isNotNull();
        assertThat(capacity.queued()).isEqualTo(3);
    }

    @Test
    void theTurnGoesRoundBetweenTenantsAndInOrderWithinOne() throws Exception {
        var capacity = new Capacity(1, 10, 10, clock);
        var held = capacity.enter("x", PATIENCE);
        var order = new ArrayList<String>();
        var places = new ArrayList<Place>();
        var names = List.of("a1", "a2", "a3", "b1", "c1", "b2");
        names.forEach(name -> places.add(capacity.enter(name.substring(0, 1), PATIENCE)));

        held.release();
        for (int i = 0; i < names.size(); i++) {
            for (int each = 0; each < places.size(); each++) {
                if (!order.contains(names.get(each)) && capacity.running() == 1 && isGranted(places.get(each))) {
                    order.add(names.get(each));
                    places.get(each).release();
                    break;
                }
            }
        }

        assertThat(order).containsExactly("a1", "b1", "c1", "a2", "b2", "a3");
        assertThat(capacity.running()).isZero();
    }

    @Test
    void aTurnThatTakesTooLongEnds() {
        var capacity = new Capacity(1, 1, 1, clock);
        capacity.enter("a", PATIENCE);
        var waiting = capacity.enter("b", PATIENCE);

        clock.advance(PATIENCE);

        assertThatThrownBy(waiting::await).hasMessageContaining("within 30000 ms");
        assertThat(capacity.queued()).isZero();
        waiting.release();
        assertThat(capacity.running()).isEqualTo(1);
    }

    @Test
    void whoLeavesTheQueueGoesOnWithNothing() throws Exception {
        var capacity = new Capacity(1, 1, 1, clock);
        capacity.enter("a", PATIENCE);
        var place = capacity.enter("b", PATIENCE);
        Future<Boolean> waiting = threads.submit(place::await);

        place.leaveQueue();

        assertThat(waiting.get()).isFalse();
        assertThat(capacity.queued()).isZero();
        assertThat(clock.pendingAlarms()).isZero();
    }

    @Test
    void whoHasAPlaceDoesNotLoseItByLeavingTheQueue() throws InterruptedException {
        var capacity = new Capacity(1, 1, 1, clock);
        var place = capacity.enter("a", PATIENCE);

        place.leaveQueue();

        assertThat(place.await()).isTrue();
        assertThat(capacity.running()).isEqualTo(1);
    }

    @Test
    void releasingTwiceFreesOnePlace() {
        var capacity = new Capacity(2, 0, 0, clock);
        var place = capacity.enter("a", PATIENCE);
        capacity.enter("a", PATIENCE);

        place.release();
        place.release();

        assertThat(capacity.running()).isEqualTo(1);
    }

    @Test
    void neverMoreRunThanThereArePlaces() throws Exception {
        var capacity = new Capacity(7, 1000, 1000, clock);
        var running = new AtomicInteger();
        var most = new AtomicInteger();
        var futures = IntStream.range(0, 1000)
                .mapToObj(i -> threads.submit(() -> {
                    try (var place = capacity.enter("tenant" + i % 10, PATIENCE)) {
                        assertThat(place.await()).isTrue();
                        most.accumulateAndGet(running.incrementAndGet(), Math::max);
                        Thread.yield();
                        running.decrementAndGet();
                    }
                    return true;
                }))
                .toList();
        for (var future : futures) {
            future.get();
        }

        assertThat(most.get()).isLessThanOrEqualTo(7);
        assertThat(capacity.running()).isZero();
        assertThat(capacity.queued()).isZero();
        assertThat(clock.pendingAlarms()).isZero();
    }

    /// Asks without waiting: an interrupted thread does not wait for what has not been decided.
    private static boolean isGranted(Place place) {
        Thread.currentThread().interrupt();
        try {
            return place.await();
        } catch (InterruptedException notYet) {
            return false;
        } finally {
            Thread.interrupted();
        }
    }
}
