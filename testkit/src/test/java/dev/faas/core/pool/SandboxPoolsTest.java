package dev.faas.core.pool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.faas.core.common.ErrorCode;
import dev.faas.core.common.PlatformException;
import dev.faas.core.image.Image;
import dev.faas.core.sandbox.Limits;
import dev.faas.core.sandbox.Network;
import dev.faas.core.sandbox.Origin;
import dev.faas.core.sandbox.Sandbox;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// Who gets a sandbox that was made before, and who a new one.
final class SandboxPoolsTest {

    private final PoolFixture fixture = new PoolFixture();

    @AfterEach
    void close() {
        fixture.close();
    }

    @Test
    void whatIsAskedForAgainIsReady() {
        fixture.use(fixture.order());
        fixture.use(fixture.order());
        fixture.awaitAvailable(2);

        try (var sandbox = fixture.acquire()) {
            assertThat(sandbox.origin()).isEqualTo(Origin.POOLED);
            assertThat(sandbox.id()).startsWith("sb_");
            assertThat(fixture.driver.sandbox(sandbox.id()).orElseThrow().spec().hostname()).startsWith("sb-");
        }
        assertThat(fixture.status().counts()).satisfies(counts -> {
            assertThat(counts.hits()).isEqualTo(1);
            assertThat(counts.misses()).isEqualTo(2);
            assertThat(counts.hitRate()).isBetween(0.33, 0.34);
        });
    }

    @Test
    void whatIsAskedForOnceIsNotKeptReady() {
        try (var sandbox = fixture.acquire()) {
            assertThat(sandbox.origin()).isEqualTo(Origin.COLD);
            assertThat(sandbox.id()).startsWith("exe_");
        }
        assertThat(fixture.status().target()).isZero();
    }

    @Test
    void handsEachOutOnceHoweverManyAskAtATime() throws Exception {
        fixture.pools.prewarming().start(fixture.order(), 4, PoolFixture.IDLE_TTL);
        fixture.awaitAvailable(4);
        // From now on whoever makes one waits, so that every hit is one of the four.
        var gate = new CountDownLatch(1);
        fixture.driver.onCreate(spec -> awaitUninterrupted(gate));
        var seen = ConcurrentHashMap.<String>newKeySet();
        var pooled = new ArrayList<Future<Boolean>>();
        try (var callers = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int i = 0; i < 40; i++) {
                pooled.add(callers.submit(() -> {
                    var sandbox = fixture.acquire();
                    assertThat(seen.add(sandbox.id())).isTrue();
                    return sandbox.origin() == Origin.POOLED;
                }));
            }
            await().until(() -> fixture.status().counts().hits() + fixture.status().counts().misses() == 40);
            gate.countDown();
        }
        assertThat(pooled.stream().filter(SandboxPoolsTest::result)).hasSize(4);
        assertThat(seen).hasSize(40);
        seen.forEach(id -> fixture.driver.sandbox(id).orElseThrow().destroy());
    }

    @Test
    void oneOfAnotherShapeWillNotDo() {
        fixture.driver.addImage("other", "sha256:" + "1".repeat(64), Image.Config.EMPTY);
        fixture.pools.prewarming().start(fixture.order(), 2, PoolFixture.IDLE_TTL);
        fixture.awaitAvailable(2);

        var nat = new Network.Nat(List.of(), true, List.of());
        assertThat(originFor(fixture.order(PoolFixture.limits(7)))).isEqualTo(Origin.COLD);
        assertThat(originFor(fixture.order("faas/base", Limits.DEFAULT, nat))).isEqualTo(Origin.COLD);
        assertThat(originFor(fixture.order("other", Limits.DEFAULT, new Network.None()))).isEqualTo(Origin.COLD);
        assertThat(originFor(fixture.order())).isEqualTo(Origin.POOLED);
    }

    @Test
    void anImageThatWasPulledAnewIsAnotherOne() {
        fixture.pools.prewarming().start(fixture.order(), 1, PoolFixture.IDLE_TTL);
        fixture.awaitAvailable(1);

        fixture.driver.addImage("faas/base", "sha256:" + "2".repeat(64), Image.Config.EMPTY);

        try (var sandbox = fixture.acquire()) {
            assertThat(sandbox.origin()).isEqualTo(Origin.COLD);
            assertThat(sandbox.image().digest()).contains("222");
        }
    }

    @Test
    void labelsThatCanBeSeenOnTheSandboxNeedOneOfTheirOwn() {
        fixture.pools.prewarming().start(fixture.order(), 2, PoolFixture.IDLE_TTL);
        fixture.awaitAvailable(2);
        var labelled = fixture.order("faas/base", Limits.DEFAULT, new Network.None(), Map.of("who", "me"));

        assertThat(originFor(labelled)).isEqualTo(Origin.POOLED);
        fixture.driver.setShowsLabels(true);
        assertThat(originFor(labelled)).isEqualTo(Origin.COLD);
    }

    @Test
    void oneThatDiedWhileItWaitedIsNotHandedOut() {
        fixture.pools.prewarming().start(fixture.order(), 2, PoolFixture.IDLE_TTL);
        fixture.awaitAvailable(2);
        var dead = fixture.driver.list().getFirst();
        fixture.driver.sandbox(dead).orElseThrow().lose();

        try (var one = fixture.acquire();
                var another = fixture.acquire()) {
            assertThat(List.of(one.id(), another.id())).doesNotContain(dead);
            assertThat(one.isAlive()).isTrue();
            assertThat(another.isAlive()).isTrue();
        }
        assertThat(fixture.status().counts().lost()).isEqualTo(1);
    }

    @Test
    void oneThatWaitedTooLongIsReplaced() {
        fixture.pools.prewarming().start(fixture.order(), 1, PoolFixture.MAX_AGE.multipliedBy(2));
        fixture.awaitAvailable(1);
        var first = fixture.driver.list();

        fixture.clock.advance(PoolFixture.MAX_AGE);

        await().untilAsserted(() -> {
            fixture.awaitAvailable(1);
            assertThat(fixture.driver.list()).hasSize(1).doesNotContainAnyElementsOf(first);
        });
    }

    @Test
    void whatWaitsGivesWayToExecutions() {
        fixture.pools.prewarming().start(fixture.order(), 4, PoolFixture.IDLE_TTL);
        fixture.awaitAvailable(4);

        fixture.spare.set(1);
        try (var sandbox = fixture.pools.acquire(fixture.order(PoolFixture.limits(9)))) {
            assertThat(sandbox.origin()).isEqualTo(Origin.COLD);
            assertThat(fixture.driver.list()).hasSize(2);
        }
        fixture.spare.set(1000);
        fixture.use(fixture.order());
        fixture.awaitAvailable(4);
    }

    @Test
    void whereATechnologyCanHoldNoMoreOneThatWaitsGivesWay() {
        fixture.pools.prewarming().start(fixture.order(), 3, PoolFixture.IDLE_TTL);
        fixture.awaitAvailable(3);
        fixture.driver.onCreate(spec -> {
            if (fixture.driver.list().size() >= 3) {
                throw new PlatformException(ErrorCode.CAPACITY_EXHAUSTED, "full");
            }
        });

        try (var sandbox = fixture.pools.acquire(fixture.order(PoolFixture.limits(9)))) {
            assertThat(sandbox.origin()).isEqualTo(Origin.COLD);
        }
    }

    @Test
    void aTechnologyThatIsFullWithoutThePoolsRefuses() {
        fixture.driver.onCreate(spec -> {
            throw new PlatformException(ErrorCode.CAPACITY_EXHAUSTED, "full");
        });

        assertThatThrownBy(fixture::acquire).hasMessage("full");
    }

    @Test
    void withPoolsOffEverySandboxIsNewAndNothingIsRemembered() {
        try (var off = new PoolFixture(PoolConfig.OFF)) {
            off.askAtOnce(3);
            assertThat(off.driver.created()).isEqualTo(3);
            assertThat(off.pools.list(PoolFixture.TENANT)).isEmpty();
            assertThat(off.clock.pendingAlarms()).isZero();
        }
    }

    @Test
    void closingDestroysWhatWaitsAndWhatIsBeingMade() throws Exception {
        fixture.pools.prewarming().start(fixture.order(), 2, PoolFixture.IDLE_TTL);
        fixture.awaitAvailable(2);
        var inTheMiddle = new CountDownLatch(1);
        var gate = new CountDownLatch(1);
        fixture.driver.onCreate(spec -> {
            inTheMiddle.countDown();
            awaitUninterrupted(gate);
        });
        var used = fixture.acquire();
        inTheMiddle.await();
        var isClosed = new AtomicBoolean();
        var closing = Thread.startVirtualThread(() -> {
            fixture.pools.close();
            isClosed.set(true);
        });
        await().until(() -> fixture.driver.list().equals(List.of(used.id())));
        gate.countDown();
        closing.join();

        assertThat(isClosed).isTrue();
        assertThat(fixture.driver.list()).containsExactly(used.id());
        used.destroy();
        assertThat(originFor(fixture.order())).isEqualTo(Origin.COLD);
    }

    @Test
    void countsWhatIsInUseUntilItIsGone() {
        fixture.pools.prewarming().start(fixture.order(), 1, PoolFixture.IDLE_TTL);
        fixture.awaitAvailable(1);

        var sandbox = fixture.acquire();
        assertThat(fixture.status().inUse()).isEqualTo(1);
        sandbox.destroy();
        sandbox.destroy();

        assertThat(fixture.status().inUse()).isZero();
    }

    @Test
    void aPooledSandboxPassesEverythingOn() {
        var own = Sandbox.class.getMethods();
        for (var method : own) {
            if (!method.getName().equals("close")) {
                assertThat(PooledSandbox.class.getDeclaredMethods())
                        .as("%s", method)
                        .anySatisfy(passedOn -> {
                            assertThat(passedOn.getName()).isEqualTo(method.getName());
                            assertThat(passedOn.getParameterTypes()).isEqualTo(method.getParameterTypes());
                        });
            }
        }
    }

    private Origin originFor(SandboxOrder order) {
        try (var sandbox = fixture.pools.acquire(order)) {
            return sandbox.origin();
        }
    }

    private static boolean result(Future<Boolean> future) {
        try {
            return future.get();
        } catch (InterruptedException | ExecutionException e) {
            throw new AssertionError(e);
        }
    }

    static void awaitUninterrupted(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
