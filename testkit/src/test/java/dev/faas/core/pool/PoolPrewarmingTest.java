package dev.faas.core.pool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.faas.core.common.ErrorCode;
import dev.faas.core.common.PlatformException;
import dev.faas.core.image.Image;
import dev.faas.core.image.ImageReference;
import dev.faas.core.sandbox.Isolation;
import dev.faas.core.sandbox.Limits;
import dev.faas.core.sandbox.Network;
import dev.faas.core.sandbox.Origin;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.function.Consumer;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// Sandboxes that are ready because somebody said so.
final class PoolPrewarmingTest {

    private static final Duration TTL = Duration.ofHours(1);
    private static final Duration LONG = Duration.ofMinutes(1);

    private final PoolFixture fixture = new PoolFixture();
    private final PoolPrewarming prewarming = fixture.pools.prewarming();

    @AfterEach
    void close() {
        fixture.close();
    }

    @Test
    void makesThemReadyForTheFirstWhoAsks() throws InterruptedException {
        var started = prewarming.start(fixture.order(), 3, TTL);
        assertThat(started.id()).startsWith("pw_");
        assertThat(started.expiresAt()).isEqualTo(fixture.clock.instant().plus(TTL));

        var ready = prewarming.awaitReady(PoolFixture.TENANT, started.id(), LONG);

        assertThat(ready.isReady()).isTrue();
        assertThat(ready.available()).isEqualTo(3);
        try (var sandbox = fixture.acquire()) {
            assertThat(sandbox.origin()).isEqualTo(Origin.POOLED);
        }
        fixture.awaitAvailable(3);
    }

    @Test
    void keepsThemThoughNobodyAsks() {
        prewarming.start(fixture.order(), 2, TTL);
        fixture.awaitAvailable(2);

        fixture.clock.advance(PoolFixture.IDLE_TTL.multipliedBy(2));

        fixture.awaitAvailable(2);
    }

    @Test
    void letsThemGoAfterItsTime() {
        prewarming.start(fixture.order(), 2, Duration.ofMinutes(10));
        fixture.awaitAvailable(2);

        fixture.clock.advance(Duration.ofMinutes(11));

        await().until(() -> fixture.driver.list().isEmpty());
        assertThat(prewarming.list(PoolFixture.TENANT)).isEmpty();
    }

    @Test
    void aSecondOrderOfTheSameReplacesTheFirst() {
        var first = prewarming.start(fixture.order(), 2, TTL);
        var second = prewarming.start(fixture.order(), 1, TTL);

        assertThat(second.id()).isEqualTo(first.id());
        assertThat(prewarming.list(PoolFixture.TENANT)).singleElement().satisfies(only -> assertThat(only.count())
                .isEqualTo(1));
        await().until(() -> fixture.status().prewarmed() == 1 && fixture.status().available() == 1);
    }

    @Test
    void canBeEndedByItsIdOrItsShape() {
        var first = prewarming.start(fixture.order(), 2, TTL);
        prewarming.start(fixture.order(PoolFixture.limits(3)), 2, TTL);
        await().until(() -> fixture.driver.list().size() == 4);

        prewarming.end(PoolFixture.TENANT, first.id());
        await().until(() -> fixture.driver.list().size() == 2);
        prewarming.endLike(like(PoolFixture.limits(3)));
        await().until(() -> fixture.driver.list().isEmpty());

        assertThatThrownBy(() -> prewarming.end(PoolFixture.TENANT, first.id())).satisfies(code(ErrorCode.NOT_FOUND));
        assertThatThrownBy(() -> prewarming.endLike(like(PoolFixture.limits(3)))).satisfies(code(ErrorCode.NOT_FOUND));
    }

    private static PrewarmRequest like(Limits limits) {
        var base = ImageReference.of("faas/base");
        return new PrewarmRequest(
                PoolFixture.TENANT, Optional.of(Isolation.NATIVE), base, limits, new Network.None(), 0, TTL);
    }

    @Test
    void belongsToItsTenant() {
        var started = prewarming.start(fixture.order(), 1, TTL);

        assertThat(prewarming.list("another")).isEmpty();
        assertThat(fixture.pools.list("another")).isEmpty();
        assertThatThrownBy(() -> prewarming.end("another", started.id())).satisfies(code(ErrorCode.NOT_FOUND));
    }

    @Test
    void promisesNoMoreThanMayBeKept() {
        refused(() -> prewarming.start(fixture.order(), 5, TTL));
        prewarming.start(fixture.order(), 4, TTL);
        prewarming.start(fixture.order(PoolFixture.limits(3)), 2, TTL);
        refused(() -> prewarming.start(fixture.order(PoolFixture.limits(4)), 1, TTL));

        // Less in place of more is no promise beyond.
        prewarming.start(fixture.order(), 3, TTL);
        prewarming.start(fixture.order(PoolFixture.limits(4)), 1, TTL);
        await().until(() -> fixture.driver.list().size() == 6);
    }

    @Test
    void isRefusedWherePoolsAreOff() {
        try (var off = new PoolFixture(PoolConfig.OFF)) {
            assertThatThrownBy(() -> off.pools.prewarming().start(off.order(), 1, TTL))
                    .satisfies(code(ErrorCode.CONFLICT));
        }
    }

    @Test
    void saysWhyThereAreNone() throws InterruptedException {
        fixture.driver.onCreate(spec -> {
            throw new PlatformException(ErrorCode.SANDBOX_FAILED, "no luck");
        });
        var started = prewarming.start(fixture.order(), 1, TTL);

        var failed = prewarming.awaitReady(PoolFixture.TENANT, started.id(), LONG);

        assertThat(failed.isReady()).isFalse();
        assertThat(failed.failure()).isEqualTo("no luck");
    }

    @Test
    void whoWaitsLearnsInTimeThatTheyAreNotReady() throws InterruptedException {
        var gate = new CountDownLatch(1);
        fixture.driver.onCreate(spec -> SandboxPoolsTest.awaitUninterrupted(gate));
        var started = prewarming.start(fixture.order(), 1, TTL);

        var waited = prewarming.awaitReady(PoolFixture.TENANT, started.id(), Duration.ofMillis(5));

        assertThat(waited.isReady()).isFalse();
        gate.countDown();
    }

    @Test
    void followsItsImageWhenThatIsPulledAnew() {
        var started = prewarming.start(fixture.order(), 1, TTL);
        fixture.awaitAvailable(1);
        fixture.driver.addImage("faas/base", "sha256:" + "2".repeat(64), Image.Config.EMPTY);

        // The next refill finds out: one that is taken away makes room for it.
        fixture.driver.sandbox(fixture.driver.list().getFirst()).orElseThrow().lose();
        fixture.clock.advance(Duration.ofSeconds(10));

        await().until(() -> prewarming.list(PoolFixture.TENANT).getFirst().available() == 1
                && prewarming.list(PoolFixture.TENANT).getFirst().shape().imageDigest().contains("222"));
        assertThat(prewarming.list(PoolFixture.TENANT).getFirst().id()).isEqualTo(started.id());
        try (var sandbox = fixture.acquire()) {
            assertThat(sandbox.origin()).isEqualTo(Origin.POOLED);
        }
    }

    private static void refused(ThrowingCallable call) {
        assertThatThrownBy(call).satisfies(code(ErrorCode.CAPACITY_EXHAUSTED));
    }

    private static Consumer<Throwable> code(ErrorCode code) {
        return thrown -> assertThat(((PlatformException) thrown).code()).isEqualTo(code);
    }
}
