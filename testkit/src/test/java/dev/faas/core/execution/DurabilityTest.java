package dev.faas.core.execution;

import static dev.faas.core.execution.ExecutionState.CANCELLED;
import static dev.faas.core.execution.ExecutionState.COMPLETED;
import static dev.faas.core.execution.ExecutionState.FAILED;
import static dev.faas.core.execution.ExecutionState.QUEUED;
import static dev.faas.core.execution.ExecutionState.RUNNING;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.faas.core.common.DataSize;
import dev.faas.core.common.ErrorCode;
import dev.faas.core.common.PlatformException;
import dev.faas.testkit.execution.Records;
import dev.faas.testkit.execution.Requests;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// What is on disk when, and what survives.
final class DurabilityTest {

    private final EngineFixture fixture = new EngineFixture();

    @AfterEach
    void close() {
        fixture.close();
    }

    @Test
    void whatWasSubmittedIsDurableBeforeItIsAccepted() throws Exception {
        var mayCreate = new CountDownLatch(1);
        fixture.driver.onCreate(spec -> awaitQuietly(mayCreate));
        var request = Requests.of("true");

        fixture.engine.submit(request.request());

        assertThat(stored(request)).get().extracting(ExecutionRecord::state).isEqualTo(QUEUED);
        mayCreate.countDown();
    }

    @Test
    void aDurableRunIsOnDiskBeforeItsSandboxIsMade() throws InterruptedException {
        var request = Requests.of("true");
        fixture.driver.onCreate(spec -> assertThat(stored(request)).isPresent());

        assertThat(fixture.engine.runDurably(request.request(), ExecutionListener.SILENT).state())
                .isEqualTo(COMPLETED);
    }

    @Test
    void theRecordOfALongRunIsOnDiskWhileItRuns() {
        var request = Requests.of("sleep");
        fixture.startHanging(request);

        await().until(() -> stored(request).map(ExecutionRecord::state).equals(Optional.of(RUNNING)));
    }

    @Test
    void withoutADatabaseNothingIsSubmittedButCallersAreServed() throws InterruptedException {
        fixture.repository.setAway(true);
        var submitted = Requests.of("true");
        var called = Requests.of("true");

        assertThatThrownBy(() -> fixture.engine.submit(submitted.request())).satisfies(isRefusal(ErrorCode.STORE_UNAVAILABLE));
        assertThat(fixture.run(called).state()).isEqualTo(COMPLETED);

        assertThat(fixture.current(called).state()).isEqualTo(COMPLETED);
        assertThat(fixture.driver.created()).as("what could not be promised was not begun").isEqualTo(1);
    }

    @Test
    void whatWasAcceptedWithoutADatabaseIsWrittenWhenItReturns() throws InterruptedException {
        fixture.repository.setAway(true);
        var requests = List.of(Requests.of("true"), Requests.of("false"), Requests.of("true"));
        for (var request : requests) {
            fixture.run(request);
        }
        await().until(() -> fixture.engine.journalBacklog() == 3);

        fixture.repository.setAway(false);

        await().until(() -> {
            fixture.clock.advance(Duration.ofSeconds(1));
            return fixture.engine.journalBacklog() == 0;
        });
        for (var request : requests) {
            assertThat(stored(request)).get().extracting(ExecutionRecord::state).isEqualTo(COMPLETED);
        }
    }

    @Test
    void aSubmissionThatFailedBecauseOfTheDatabaseIsRecordedAsFailedLater() {
        fixture.repository.setAway(true);
        var request = Requests.of("true");
        assertThatThrownBy(() -> fixture.engine.submit(request.request())).isInstanceOf(PlatformException.class);

        fixture.repository.setAway(false);

        await().until(() -> {
            fixture.clock.advance(Duration.ofSeconds(1));
            return stored(request).map(ExecutionRecord::state).equals(Optional.of(FAILED));
        });
    }

    @Test
    void whenTooManyRecordsWaitNewExecutionsAreRefusedRatherThanForgotten() throws InterruptedException {
        var config = EngineFixture.config(4, 4);
        var small = new EngineConfig(
                config.admission(),
                config.deadlines(),
                config.output(),
                config.autoOrder(),
                config.defaultLimits(),
                config.defaultNetwork(),
                config.pools(),
                new EngineConfig.Journal(2, 1, Duration.ZERO, Duration.ofSeconds(1), DataSize.ofBytes(100)),
                config.retention());
        try (var narrow = new EngineFixture(small, List.of())) {
            narrow.repository.setAway(true);
            narrow.run(Requests.of("true"));
            narrow.run(Requests.of("true"));

            assertThatThrownBy(() -> narrow.run(Requests.of("true")))
                    .satisfies(isRefusal(ErrorCode.STORE_UNAVAILABLE));

            narrow.repository.setAway(false);
            await().until(() -> {
                narrow.clock.advance(Duration.ofSeconds(1));
                return narrow.engine.journalBacklog() == 0;
            });
            assertThat(narrow.run(Requests.of("true")).state()).isEqualTo(COMPLETED);
        }
    }

    @Test
    void aRefusalDoesNotUseUpRoomInTheJournal() throws InterruptedException {
        for (int i = 0; i < 6000; i++) {
            var request = Requests.of("true").mode(ExecutionMode.CHECKPOINTED);
            assertThatThrownBy(() -> fixture.run(request)).isInstanceOf(PlatformException.class);
        }

        assertThat(fixture.run(Requests.of("true")).state()).isEqualTo(COMPLETED);
    }

    @Test
    void theStoredRecordOfACallHasTheBeginningOfItsOutput() throws InterruptedException {
        var request = Requests.of("echo", "x".repeat(5000));
        var answered = fixture.run(request);

        await().until(() -> fixture.engine.journalBacklog() == 0);

        assertThat(answered.result().orElseThrow().stdout()).hasSize(5001);
        var result = fixture.current(request).result().orElseThrow();
        assertThat(result.stdout()).hasSize(1000);
        assertThat(result.stdoutBytes()).isEqualTo(5001);
        assertThat(result.isTruncated()).isTrue();
    }

    @Test
    void theStoredRecordOfASubmittedExecutionHasAllOfIt() {
        var request = Requests.of("echo", "x".repeat(5000));
        fixture.engine.submit(request.request());
        fixture.awaitState(request, COMPLETED);

        await().until(() -> fixture.engine.journalBacklog() == 0);

        assertThat(stored(request).orElseThrow().result().orElseThrow().stdout()).hasSize(5001);
    }

    @Test
    void aListHoldsWhatWasAnsweredBefore() throws InterruptedException {
        var first = Requests.of("true");
        fixture.run(first);

        var listed = fixture.engine.list(new ExecutionRepository.Query(
                "tenant",
                Optional.of(COMPLETED),
                Optional.empty(),
                Map.of(),
                Optional.empty(),
                Optional.empty(),
                10,
                Optional.empty()));

        assertThat(listed.records()).extracting(ExecutionRecord::id).containsExactly(first.request().id());
    }

    @Test
    void whatADeadServerLeftIsFailedAtTheNextStart() {
        var dead = fixture.repository.ofServer("dead");
        dead.save(List.of(Records.queued("exe_left")));
        dead.die();

        try (var next = new ExecutionEngine(
                EngineFixture.config(1, 1), List.of(), fixture.repository, ExecutionObserver.NONE, fixture.clock)) {
            var left = next.get("tenant", "exe_left");
            assertThat(left.state()).isEqualTo(FAILED);
            assertThat(left.errorDetail()).isEqualTo("server stopped");
        }
    }

    @Test
    void whatAnotherServerLeavesIsFailedFromTimeToTime() {
        var other = fixture.repository.ofServer("other");
        other.save(List.of(Records.queued("exe_left")));
        other.die();

        fixture.clock.advance(Duration.ofMinutes(1));

        await().until(() -> fixture.engine.get("tenant", "exe_left").state() == FAILED);
    }

    @Test
    void oldRecordsAreDeletedFromTimeToTime() throws InterruptedException {
        var request = Requests.of("true");
        fixture.run(request);
        await().until(() -> fixture.engine.journalBacklog() == 0);

        await().until(() -> {
            fixture.clock.advance(Duration.ofHours(25));
            return stored(request).isEmpty();
        });
    }

    @Test
    void aDrainWaitsForWhatRuns() throws Exception {
        var request = Requests.of("sleep").timeout(Duration.ofSeconds(3));
        var running = fixture.startHanging(request);

        var drained = fixture.inBackground(() -> fixture.engine.drain(Duration.ofSeconds(10)));
        await().until(() -> !fixture.engine.status().accepting());
        assertThatThrownBy(() -> fixture.run(Requests.of("true"))).satisfies(isRefusal(ErrorCode.SHUTTING_DOWN));
        assertThat(drained.isDone()).isFalse();
        fixture.clock.advance(Duration.ofSeconds(3));

        assertThat(drained.get()).isTrue();
        assertThat(running.get().state()).isEqualTo(ExecutionState.TIMED_OUT);
        assertThat(stored(request)).get().extracting(ExecutionRecord::state).isEqualTo(ExecutionState.TIMED_OUT);
    }

    @Test
    void aDrainCancelsWhatIsLeftAtItsDeadline() throws Exception {
        var requests = List.of(Requests.of("sleep"), Requests.of("sleep"));
        for (var request : requests) {
            fixture.startHanging(request);
        }

        var drained = fixture.inBackground(() -> fixture.engine.drain(Duration.ofSeconds(10)));
        await().until(() -> !fixture.engine.status().accepting());
        await().until(() -> {
            fixture.clock.advance(Duration.ofSeconds(5));
            return drained.isDone();
        });

        assertThat(drained.get()).isFalse();
        for (var request : requests) {
            assertThat(stored(request)).get().extracting(ExecutionRecord::state).isEqualTo(CANCELLED);
        }
        assertThat(fixture.driver.list()).isEmpty();
    }

    private Optional<ExecutionRecord> stored(Requests request) {
        return fixture.repository.find(request.request().tenant(), request.request().id());
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            latch.await();
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
