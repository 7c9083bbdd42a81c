package dev.faas.core.instance;

import static dev.faas.core.instance.InstanceKeeperTest.assertFails;
import static dev.faas.core.instance.KeeperFixture.TENANT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.faas.core.common.ErrorCode;
import dev.faas.core.common.PlatformException;
import dev.faas.core.execution.Outcome;
import dev.faas.core.sandbox.Command;
import dev.faas.testkit.execution.Requests;
import dev.faas.core.execution.ExecutionListener;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class PauseTest {

    private static final Duration IDLE = Duration.ofSeconds(10);
    private static final Lifetime PAUSES = new Lifetime(Duration.ZERO, IDLE, true);

    private final KeeperFixture fixture = new KeeperFixture();
    private final InstanceKeeper keeper = fixture.keeper;

    @AfterEach
    void close() {
        fixture.close();
    }

    @Test
    void aPausedInstanceStandsStillAndGoesOn() {
        var steps = new AtomicInteger();
        fixture.driver.addProgram("counter", context -> {
            while (!Thread.currentThread().isInterrupted()) {
                context.breathe();
                steps.incrementAndGet();
                Thread.onSpinWait();
                Thread.yield();
            }
            return 0;
        });
        var instance = fixture.create("");
        fixture.sandbox(instance).start(Command.of("counter"));
        await().until(() -> steps.get() > 0);

        assertThat(keeper.pause(TENANT, instance.id(), "me").state()).isEqualTo(InstanceState.PAUSED);
        assertThat(fixture.reason(instance)).isEqualTo("paused by me");
        // One step may be on its way.
        int atPause = steps.get() + 1;
        await().during(Duration.ofMillis(200)).until(() -> steps.get() <= atPause);
        assertThat(keeper.resume(TENANT, instance.id()).state()).isEqualTo(InstanceState.RUNNING);

        await().until(() -> steps.get() > atPause);
    }

    @Test
    void pausingAndResumingTwiceIsFine() {
        var instance = fixture.create("");

        keeper.pause(TENANT, instance.id(), "me");
        assertThat(keeper.pause(TENANT, instance.id(), "me").state()).isEqualTo(InstanceState.PAUSED);
        keeper.resume(TENANT, instance.id());
        assertThat(keeper.resume(TENANT, instance.id()).state()).isEqualTo(InstanceState.RUNNING);
    }

    @Test
    void aCommandWakesIt() throws Exception {
        var instance = fixture.create("");
        keeper.pause(TENANT, instance.id(), "me");

        assertThat(fixture.output(instance, "echo awake")).isEqualTo("awake\n");

        assertThat(fixture.state(instance)).isEqualTo(InstanceState.RUNNING);
        assertThat(fixture.reason(instance)).isEmpty();
    }

    @Test
    void aSecondPauseWaitsForTheFirst() throws Exception {
        var instance = fixture.create("");
        var frozen = new CountDownLatch(1);
        var freezings = new AtomicInteger();
        fixture.driver.onFreeze(sandbox -> {
            freezings.incrementAndGet();
            hold(frozen);
        });
        var first = fixture.inBackground(() -> keeper.pause(TENANT, instance.id(), "me"));
        fixture.awaitState(instance, InstanceState.PAUSING);
        var second = fixture.inBackground(() -> keeper.pause(TENANT, instance.id(), "you"));
        frozen.countDown();

        assertThat(first.get().state()).isEqualTo(InstanceState.PAUSED);
        assertThat(second.get().state()).isEqualTo(InstanceState.PAUSED);
        assertThat(freezings).hasValue(1);
    }

    @Test
    void whoWaitsForOneThatNeverPassesIsToldSo() throws Exception {
        var instance = fixture.create("");
        var frozen = new CountDownLatch(1);
        fixture.driver.onFreeze(sandbox -> hold(frozen));
        fixture.inBackground(() -> keeper.pause(TENANT, instance.id(), "me"));
        fixture.awaitState(instance, InstanceState.PAUSING);
        int alarms = fixture.clock.pendingAlarms();
        var waiting = fixture.inBackground(() -> keeper.resume(TENANT, instance.id()));
        await().until(() -> fixture.clock.pendingAlarms() > alarms);
        fixture.clock.advance(KeeperFixture.CONFIG.patience());

        assertThat(org.assertj.core.api.Assertions.catchThrowable(waiting::get)).hasMessageContaining("still pausing");
        frozen.countDown();
    }

    @Test
    void aFreezeThatFailsLeavesItRunning() {
        var instance = fixture.create("");
        fixture.driver.onFreeze(sandbox -> {
            throw new PlatformException(ErrorCode.SANDBOX_FAILED, "no freezer");
        });

        assertFails(() -> keeper.pause(TENANT, instance.id(), "me"), ErrorCode.SANDBOX_FAILED);

        assertThat(fixture.state(instance)).isEqualTo(InstanceState.RUNNING);
    }

    @Test
    void aThawThatFailsLeavesItPaused() {
        var instance = fixture.create("");
        keeper.pause(TENANT, instance.id(), "me");
        fixture.driver.onFreeze(sandbox -> {
            throw new PlatformException(ErrorCode.SANDBOX_FAILED, "no freezer");
        });

        assertFails(() -> keeper.resume(TENANT, instance.id()), ErrorCode.SANDBOX_FAILED);

        assertThat(fixture.state(instance)).isEqualTo(InstanceState.PAUSED);
        assertThat(fixture.reason(instance)).isEqualTo("paused by me");
    }

    @Test
    void aRuntimeThatCannotPauseSaysSo() {
        fixture.driver.withoutControl();
        var instance = fixture.create("");

        assertFails(() -> keeper.pause(TENANT, instance.id(), "me"), ErrorCode.NOT_IMPLEMENTED);
        assertFails(() -> fixture.create(PAUSES), ErrorCode.NOT_IMPLEMENTED);

        assertThat(fixture.state(instance)).isEqualTo(InstanceState.RUNNING);
        assertThat(fixture.driver.list()).hasSize(1);
    }

    @Test
    void oneThatIsLeftAloneIsPaused() throws Exception {
        var instance = fixture.create(PAUSES);
        fixture.clock.advance(IDLE.dividedBy(2));
        fixture.exec(instance, "true");
        fixture.clock.advance(IDLE.dividedBy(2));
        assertThat(fixture.state(instance)).isEqualTo(InstanceState.RUNNING);

        await().until(() -> {
            fixture.clock.advance(IDLE);
            return fixture.state(instance) == InstanceState.PAUSED;
        });

        assertThat(fixture.reason(instance)).isEqualTo("nobody used it for 10s");
        assertThat(fixture.output(instance, "echo awake")).isEqualTo("awake\n");
        await().until(() -> {
            fixture.clock.advance(IDLE);
            return fixture.state(instance) == InstanceState.PAUSED;
        });
    }

    @Test
    void oneAtWorkIsNotLeftAlone() throws Exception {
        var instance = fixture.create(PAUSES);
        try (var stay = keeper.enter(TENANT, instance.id())) {
            fixture.clock.advance(IDLE.multipliedBy(3));
            assertThat(fixture.state(instance)).isEqualTo(InstanceState.RUNNING);
            assertThat(stay.sandbox().id()).isEqualTo(instance.id());
        }
        await().until(() -> {
            fixture.clock.advance(IDLE);
            return fixture.state(instance) == InstanceState.PAUSED;
        });
    }

    @Test
    void withoutAutoPauseTheIdleTimeIsTheEnd() {
        var instance = fixture.create(new Lifetime(Duration.ZERO, IDLE, false));

        fixture.clock.advance(IDLE);

        fixture.awaitState(instance, InstanceState.STOPPED);
        assertThat(fixture.reason(instance)).isEqualTo("nobody used it for 10s");
        assertThat(fixture.driver.list()).isEmpty();
    }

    @Test
    void theTimeToLiveEndsEvenAPausedOne() {
        var instance = fixture.create(new Lifetime(Duration.ofMinutes(1), Duration.ZERO, false));
        keeper.pause(TENANT, instance.id(), "me");

        fixture.clock.advance(Duration.ofMinutes(1));

        fixture.awaitState(instance, InstanceState.STOPPED);
        assertThat(fixture.reason(instance)).isEqualTo("its time to live is over");
        assertThat(fixture.driver.list()).isEmpty();
    }

    @Test
    void anExtendedLifeLastsLongerAndNeverShorter() {
        var instance = fixture.create(new Lifetime(Duration.ofMinutes(1), Duration.ZERO, false));

        assertThat(keeper.extend(TENANT, instance.id(), Duration.ofSeconds(1)).times().expiresAt())
                .isEqualTo(instance.times().expiresAt());
        keeper.extend(TENANT, instance.id(), Duration.ofMinutes(5));
        fixture.clock.advance(Duration.ofMinutes(4));
        assertThat(fixture.state(instance)).isEqualTo(InstanceState.RUNNING);
        fixture.clock.advance(Duration.ofMinutes(1));

        fixture.awaitState(instance, InstanceState.STOPPED);
    }

    @Test
    void oneWithoutAnEndHasNothingToExtend() {
        var instance = fixture.create("");

        assertFails(() -> keeper.extend(TENANT, instance.id(), Duration.ofMinutes(1)), ErrorCode.CONFLICT);
    }

    @Test
    void deletedWhilePausedItIsGone() {
        var instance = fixture.create("");
        keeper.pause(TENANT, instance.id(), "me");

        keeper.delete(TENANT, instance.id(), "me");

        assertThat(fixture.driver.list()).isEmpty();
    }

    @Test
    void aCommandInAPausedInstanceEndsItsWaitAndTheOthersGoOn() throws Exception {
        var instance = fixture.create("");
        fixture.driver.addProgram("stuck", context -> {
            context.process().turnDeaf();
            context.breathe();
            new CountDownLatch(1).await();
            return 0;
        });
        var request = Requests.of("stuck").timeout(Duration.ofSeconds(2)).instance(instance.id());
        var execution = fixture.inBackground(() -> fixture.engine.run(request.request(), ExecutionListener.SILENT));
        await().ignoreExceptions()
                .until(() -> fixture.engine.get(TENANT, request.request().id()).startedAt().isPresent());
        keeper.pause(TENANT, instance.id(), "me");

        await().until(() -> {
            fixture.clock.advance(Duration.ofSeconds(10));
            return execution.isDone();
        });

        assertThat(execution.get().result().orElseThrow().outcome()).isInstanceOf(Outcome.TimedOut.class);
        await().until(() -> fixture.engine.status().running() == 0);
        assertThat(fixture.output(instance, "echo others")).isEqualTo("others\n");
    }

    private static void hold(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
