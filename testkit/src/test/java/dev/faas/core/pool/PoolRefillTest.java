package dev.faas.core.pool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.faas.core.common.DataSize;
import dev.faas.core.common.ErrorCode;
import dev.faas.core.common.PlatformException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// How many are kept ready, and when they are made.
final class PoolRefillTest {

    private PoolFixture fixture = new PoolFixture();

    @AfterEach
    void close() {
        fixture.close();
    }

    @Test
    void keepsAsManyReadyAsWereAskedForAtOnce() {
        fixture.askAtOnce(3);
        fixture.awaitAvailable(3);

        fixture.clock.advance(Duration.ofSeconds(10));
        fixture.use(fixture.order());
        assertThat(fixture.status().target()).isEqualTo(3);
        fixture.awaitAvailable(3);
    }

    @Test
    void wantsFewerAsTheRushIsForgottenAndNoneInTheEnd() {
        fixture.askAtOnce(4);
        fixture.awaitAvailable(4);

        fixture.clock.advance(Duration.ofMinutes(1));
        fixture.awaitAvailable(2);
        fixture.clock.advance(PoolFixture.IDLE_TTL);
        await().until(() -> fixture.driver.list().isEmpty());

        assertThat(fixture.pools.list(PoolFixture.TENANT)).isEmpty();
        await().until(() -> fixture.clock.pendingAlarms() == 0);
    }

    @Test
    void neverKeepsMoreOfAShapeThanItMay() {
        fixture.askAtOnce(30);

        fixture.awaitAvailable(PoolFixture.CONFIG.maxPerShape());
        assertThat(fixture.status().target()).isEqualTo(PoolFixture.CONFIG.maxPerShape());
    }

    @Test
    void neverKeepsMoreInAllThanItMay() {
        for (int shape = 1; shape <= 4; shape++) {
            for (int i = 0; i < 4; i++) {
                fixture.use(fixture.order(PoolFixture.limits(shape)));
            }
        }
        await().until(() -> fixture.driver.list().size() == PoolFixture.CONFIG.maxSandboxes());

        fixture.clock.advance(Duration.ofSeconds(1));
        assertThat(fixture.driver.list()).hasSize(PoolFixture.CONFIG.maxSandboxes());
        assertThat(fixture.driver.mostAlive()).isLessThanOrEqualTo(PoolFixture.CONFIG.maxSandboxes() + 1);
    }

    @Test
    void aShapeThatIsUsedTakesThePlaceOfOneThatIsNot() {
        var old = fixture.order(PoolFixture.limits(1));
        var older = fixture.order(PoolFixture.limits(2));
        for (int i = 0; i < 3; i++) {
            fixture.use(older);
            fixture.use(old);
        }
        fixture.awaitAvailable(old, 3);
        fixture.awaitAvailable(older, 3);

        fixture.clock.advance(Duration.ofSeconds(11));
        fixture.askAtOnce(2);

        await().until(() -> fixture.status().available() == 1);
        assertThat(fixture.driver.list()).hasSizeLessThanOrEqualTo(PoolFixture.CONFIG.maxSandboxes());
    }

    @Test
    void stopsAtTheMemoryItMayHold() {
        fixture.driver.setMemory(DataSize.ofMebibytes(40).bytes());
        fixture.askAtOnce(4);

        fixture.awaitAvailable(2);
        assertThat(fixture.status().memoryBytes()).isEqualTo(DataSize.ofMebibytes(40).bytes());
        fixture.clock.advance(Duration.ofSeconds(1));
        fixture.awaitAvailable(2);
    }

    @Test
    void doesNotUsePlacesThatExecutionsWaitFor() {
        fixture.spare.set(0);
        fixture.askAtOnce(4);
        assertThat(fixture.status().target()).isEqualTo(4);
        fixture.clock.advance(Duration.ofSeconds(5));
        assertThat(fixture.driver.list()).isEmpty();

        fixture.spare.set(2);
        fixture.use(fixture.order());
        fixture.awaitAvailable(2);
    }

    @Test
    void waitsWhileAnExecutionIsStartingButNotForEver() throws InterruptedException {
        fixture.askAtOnce(1);
        var starting = new CountDownLatch(1);
        var gate = new CountDownLatch(1);
        var poolsOwn = new AtomicInteger();
        fixture.driver.onCreate(spec -> {
            if (spec.id().startsWith("sb_")) {
                poolsOwn.incrementAndGet();
            } else {
                starting.countDown();
                SandboxPoolsTest.awaitUninterrupted(gate);
            }
        });
        var caller = Thread.startVirtualThread(() -> fixture.use(fixture.order()));
        starting.await();
        // The next round of upkeep and the end of the patience.
        await().until(() -> fixture.clock.pendingAlarms() == 2);
        fixture.clock.advance(Duration.ofMillis(999));
        assertThat(poolsOwn).hasValue(0);

        await().until(() -> {
            fixture.clock.advance(Duration.ofMillis(1));
            return poolsOwn.get() == 1;
        });
        gate.countDown();
        caller.join();
        fixture.awaitAvailable(2);
    }

    @Test
    void waitsALittleBeforeItRefills() {
        fixture.close();
        var config = PoolFixture.CONFIG;
        fixture = new PoolFixture(new PoolConfig(
                config.maxSandboxes(),
                config.maxPerShape(),
                config.maxMemory(),
                config.idleTtl(),
                config.maxAge(),
                Duration.ofMillis(20),
                config.prewarmTtl(),
                config.maxPrewarmTtl()));
        fixture.askAtOnce(2);
        // The next round of upkeep and the refill.
        await().until(() -> fixture.clock.pendingAlarms() == 2);
        fixture.clock.advance(Duration.ofMillis(19));
        assertThat(fixture.driver.list()).isEmpty();

        // In steps: the worker may just be setting its alarm anew.
        await().until(() -> {
            fixture.clock.advance(Duration.ofMillis(1));
            return fixture.status().available() == 2;
        });
    }

    @Test
    void afterAFailureItPauses() {
        var attempts = new AtomicInteger();
        fixture.driver.onCreate(spec -> {
            if (spec.id().startsWith("sb_") && attempts.incrementAndGet() <= 2) {
                throw new PlatformException(ErrorCode.SANDBOX_FAILED, "no luck");
            }
        });
        fixture.askAtOnce(2);
        await().until(() -> fixture.status().lastFailure().equals("no luck"));
        fixture.clock.advance(Duration.ofMillis(900));
        fixture.use(fixture.order());
        assertThat(attempts).hasValue(1);

        await().until(() -> {
            fixture.clock.advance(Duration.ofMillis(100));
            return attempts.get() == 2;
        });
        await().until(() -> {
            fixture.clock.advance(Duration.ofMillis(100));
            return fixture.status().available() == 2;
        });
        assertThat(attempts).hasValueGreaterThanOrEqualTo(4);
        assertThat(fixture.status().lastFailure()).isEmpty();
        assertThat(fixture.status().counts().failures()).isEqualTo(2);
    }
}
