package dev.faas.core.execution;

import static dev.faas.core.execution.ExecutionState.CANCELLED;
import static dev.faas.core.execution.ExecutionState.FAILED;
import static dev.faas.core.execution.ExecutionState.RUNNING;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.faas.core.common.ErrorCode;
import dev.faas.core.common.PlatformException;
import dev.faas.testkit.execution.Requests;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// Ends that are not the command's own, at every stage.
final class CancellationTest {

    private final EngineFixture fixture = new EngineFixture(1, 4);
    private final CountDownLatch gate = new CountDownLatch(1);

    @AfterEach
    void close() {
        gate.countDown();
        fixture.close();
    }

    @Test
    void whileQueued() throws Exception {
        fixture.startHanging(Requests.of("sleep"));
        var request = Requests.of("true");
        var waiting = fixture.start(request);
        fixture.awaitQueued(1);

        assertThat(fixture.cancel(request).state()).isEqualTo(CANCELLED);

        var answered = waiting.get();
        assertThat(answered.state()).isEqualTo(CANCELLED);
        assertThat(answered.errorDetail()).contains("somebody", "before");
        assertThat(answered.result()).isEmpty();
        fixture.awaitQueued(0);
        assertThat(fixture.driver.created()).isEqualTo(1);
    }

    @Test
    void whileItsImageIsFetched() throws Exception {
        fixture.driver.onRequireImage(image -> awaitGate());
        var request = Requests.of("true");
        var waiting = fixture.start(request);
        awaitRunningPlace();

        assertThat(fixture.cancel(request).state()).isEqualTo(CANCELLED);
        assertThat(waiting.get().state()).as("answered while the driver is still busy").isEqualTo(CANCELLED);
        assertThat(fixture.engine.status().running()).as("the place is still taken").isEqualTo(1);

        gate.countDown();
        fixture.awaitIdle();
        assertThat(fixture.driver.created()).isZero();
    }

    @Test
    void whileItsSandboxIsMade() throws Exception {
        var entered = new CountDownLatch(1);
        fixture.driver.onCreate(spec -> {
            entered.countDown();
            awaitGate();
        });
        var request = Requests.of("true");
        var waiting = fixture.start(request);
        entered.await();

        fixture.cancel(request);
        assertThat(waiting.get().state()).isEqualTo(CANCELLED);

        gate.countDown();
        await().until(() -> fixture.driver.created() == 1);
        fixture.awaitIdle();
    }

    @Test
    void whileItRunsTheOutputSoFarIsKept() throws Exception {
        var request = Requests.shell("echo so far; sleep");
        var running = fixture.start(request);
        fixture.awaitState(request, RUNNING);

        var cancelled = fixture.cancel(request);

        assertThat(cancelled.state()).isEqualTo(CANCELLED);
        var result = running.get().result().orElseThrow();
        assertThat(result.outcome()).isEqualTo(new Outcome.Cancelled("somebody"));
        assertThat(new String(result.stdout(), StandardCharsets.UTF_8)).isEqualTo("so far\n");
        fixture.awaitIdle();
    }

    @Test
    void ofAProcessThatCanNotBeKilledTheSandboxIsGivenUp() throws Exception {
        fixture.driver.addProgram("deaf", context -> {
            context.process().turnDeaf();
            context.print("deaf");
            new CountDownLatch(1).await();
            return 0;
        });
        var heard = new CountDownLatch(1);
        var request = Requests.of("deaf");
        var running = fixture.inBackground(() -> fixture.engine.run(request.request(), new ExecutionListener() {
            @Override
            public void stdout(byte[] bytes, int offset, int length) {
                heard.countDown();
            }
        }));
        heard.await();

        int alarms = fixture.clock.pendingAlarms();
        var cancelling = fixture.inBackground(() -> fixture.cancel(request));
        await().until(() -> fixture.clock.pendingAlarms() > alarms);
        assertThat(cancelling.isDone()).isFalse();
        fixture.clock.advance(EngineFixture.KILL_GRACE);

        assertThat(cancelling.get().state()).isEqualTo(CANCELLED);
        assertThat(running.get().result().orElseThrow().stdout()).asString().isEqualTo("deaf\n");
        fixture.awaitIdle();
    }

    @Test
    void afterTheEndIsAConflict() throws InterruptedException {
        var request = Requests.of("true");
        fixture.run(request);

        assertThatThrownBy(() -> fixture.cancel(request)).satisfies(isRefusal(ErrorCode.CONFLICT));
    }

    @Test
    void ofWhatNeverWasIsNotFound() {
        assertThatThrownBy(() -> fixture.cancel(Requests.of("true"))).satisfies(isRefusal(ErrorCode.NOT_FOUND));
    }

    @Test
    void ofAnotherTenantsIsNotFound() throws Exception {
        var request = Requests.of("sleep");
        fixture.startHanging(request);

        assertThatThrownBy(() -> fixture.engine.cancel("other", request.request().id(), "x"))
                .satisfies(isRefusal(ErrorCode.NOT_FOUND));
        assertThat(fixture.current(request).state()).isEqualTo(RUNNING);
    }

    @Test
    void twiceAtOnceGivesBothTheSameEnd() throws Exception {
        var request = Requests.of("sleep");
        fixture.startHanging(request);

        Future<ExecutionRecord> first = fixture.inBackground(() -> fixture.cancel(request));
        Future<ExecutionRecord> second = fixture.inBackground(() -> fixture.cancel(request));

        for (var cancelling : List.of(first, second)) {
            try {
                assertThat(cancelling.get().state()).isEqualTo(CANCELLED);
            } catch (ExecutionException tooLate) {
                assertThat(tooLate.getCause()).satisfies(isRefusal(ErrorCode.CONFLICT));
            }
        }
        fixture.awaitIdle();
    }

    @Test
    void anInterruptedCallerTakesItsExecutionAlong() throws Exception {
        var request = Requests.of("sleep");
        var running = fixture.startHanging(request);

        running.cancel(true);

        fixture.awaitState(request, CANCELLED);
        fixture.awaitIdle();
    }

    @Test
    void aQueueTimeoutIsThrownAndRecorded() throws Exception {
        fixture.startHanging(Requests.of("sleep"));
        var request = Requests.of("true");
        var waiting = fixture.start(request);
        fixture.awaitQueued(1);

        fixture.clock.advance(EngineFixture.QUEUE_TIMEOUT);

        assertThatThrownBy(waiting::get).cause().satisfies(isRefusal(ErrorCode.CAPACITY_EXHAUSTED));
        assertThat(fixture.current(request).state()).isEqualTo(FAILED);
        assertThat(fixture.current(request).errorCode()).isEqualTo("capacity_exhausted");
    }

    @Test
    void aSubmittedExecutionIsMorePatient() throws Exception {
        fixture.startHanging(Requests.of("sleep"));
        var request = Requests.of("true");
        fixture.engine.submit(request.request());

        fixture.clock.advance(EngineFixture.QUEUE_TIMEOUT);
        assertThat(fixture.engine.status().queued()).isEqualTo(1);
        fixture.clock.advance(EngineFixture.BACKGROUND_QUEUE_TIMEOUT);

        fixture.awaitState(request, FAILED);
    }

    @Test
    void anImageThatTakesTooLongIsAnError() throws Exception {
        fixture.driver.onRequireImage(image -> awaitGate());
        var waiting = fixture.start(Requests.of("true"));
        awaitRunningPlace();
        await().until(() -> fixture.clock.pendingAlarms() > EngineFixture.STANDING_ALARMS);

        fixture.clock.advance(EngineFixture.IMAGE_DEADLINE);

        assertThatThrownBy(waiting::get).cause()
                .satisfies(isRefusal(ErrorCode.DEADLINE_EXCEEDED))
                .hasMessageContaining("image");
    }

    @Test
    void aSandboxThatTakesTooLongIsAnErrorAndGoesWhenItComes() throws Exception {
        var entered = new CountDownLatch(1);
        fixture.driver.onCreate(spec -> {
            entered.countDown();
            awaitGate();
        });
        var waiting = fixture.start(Requests.of("true"));
        entered.await();

        fixture.clock.advance(EngineFixture.START_DEADLINE);

        assertThatThrownBy(waiting::get).cause().satisfies(isRefusal(ErrorCode.DEADLINE_EXCEEDED));
        gate.countDown();
        await().until(() -> fixture.driver.created() == 1);
        fixture.awaitIdle();
    }

    @Test
    void aFullQueueRefusesAndRecordsNothing() throws Exception {
        fixture.startHanging(Requests.of("sleep"));
        for (int i = 0; i < 4; i++) {
            fixture.start(Requests.of("true"));
        }
        fixture.awaitQueued(4);
        var request = Requests.of("true");

        assertThatThrownBy(() -> fixture.run(request)).satisfies(isRefusal(ErrorCode.CAPACITY_EXHAUSTED));

        assertThatThrownBy(() -> fixture.current(request)).satisfies(isRefusal(ErrorCode.NOT_FOUND));
        assertThat(fixture.events.seen).contains("refused " + request.request().id() + " capacity_exhausted");
    }

    private void awaitRunningPlace() {
        await().until(() -> fixture.engine.status().running() == 1);
    }

    private void awaitGate() {
        try {
            gate.await();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private static Consumer<Throwable> isRefusal(ErrorCode code) {
        return failure -> assertThat(failure)
                .isInstanceOfSatisfying(
                        PlatformException.class, refusal -> assertThat(refusal.code()).isEqualTo(code));
    }
}
