package dev.faas.core.execution;

import static dev.faas.core.execution.ExecutionState.CANCELLED;
import static dev.faas.core.execution.ExecutionState.COMPLETED;
import static dev.faas.core.execution.ExecutionState.FAILED;
import static dev.faas.core.execution.ExecutionState.QUEUED;
import static dev.faas.core.execution.ExecutionState.RUNNING;
import static dev.faas.core.execution.ExecutionState.TIMED_OUT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.faas.core.common.ErrorCode;
import dev.faas.core.common.PlatformException;
import dev.faas.core.image.Image;
import dev.faas.core.sandbox.Command;
import dev.faas.core.sandbox.Isolation;
import dev.faas.core.sandbox.Limits;
import dev.faas.testkit.execution.Requests;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// What becomes of a command that runs.
final class ExecutionEngineTest {

    private final EngineFixture fixture = new EngineFixture();

    @AfterEach
    void close() {
        fixture.close();
    }

    @Test
    void answersWithWhatTheCommandDid() throws InterruptedException {
        var executed = fixture.run(Requests.shell("echo out; echo problem >&2; exit 3"));

        assertThat(executed.state()).isEqualTo(COMPLETED);
        var result = executed.result().orElseThrow();
        assertThat(result.outcome()).isEqualTo(new Outcome.Exited(3));
        assertThat(result.stdout()).asString().isEqualTo("out\n");
        assertThat(result.stderr()).asString().isEqualTo("problem\n");
        assertThat(result.stdoutBytes()).isEqualTo(4);
        assertThat(result.isTruncated()).isFalse();
        assertThat(result.isolation()).isEqualTo(Isolation.NATIVE);
        assertThat(result.imageDigest()).startsWith("sha256:");
        assertThat(executed.startedAt()).isPresent();
        assertThat(executed.finishedAt()).isPresent();
    }

    @Test
    void givesTheCommandItsInput() throws InterruptedException {
        var executed = fixture.run(Requests.of("cat").stdin("from outside"));

        assertThat(executed.result().orElseThrow().stdout()).asString().isEqualTo("from outside");
    }

    @Test
    void anInputNobodyReadsDoesNoHarm() throws InterruptedException {
        var executed = fixture.run(Requests.of("true").stdin("x".repeat(1_000_000)));

        assertThat(executed.result().orElseThrow().outcome()).isEqualTo(new Outcome.Exited(0));
    }

    @Test
    void mergesTheImagesDefaultsWithTheRequest() throws InterruptedException {
        var config = new Image.Config(
                Map.of("FROM_IMAGE", "1", "BOTH", "image"), "/tmp", "nobody", List.of(), List.of());
        fixture.driver.addImage("with-defaults", config);
        var request = Requests.shell("env; pwd; id")
                .command(Command.shell("env; pwd; id").withEnv(Map.of("BOTH", "request")))
                .image("with-defaults")
                .traceParent("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");

        var lines = stdout(fixture.run(request)).lines().toList();

        assertThat(lines)
                .contains("FROM_IMAGE=1", "BOTH=request", "/tmp", "nobody")
                .contains("TRACEPARENT=00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
                .anyMatch(line -> line.startsWith("PATH=/"));
    }

    @Test
    void theRequestsWordsWinOverTheImages() throws InterruptedException {
        var config = new Image.Config(Map.of(), "/tmp", "nobody", List.of(), List.of());
        fixture.driver.addImage("with-defaults", config);
        var command = Command.shell("pwd; id").withUser("root").withWorkingDir("/home");

        var executed = fixture.run(Requests.shell("").command(command).image("with-defaults"));

        assertThat(stdout(executed)).isEqualTo("/home\nroot\n");
    }

    @Test
    void carriesFilesInAndOut() throws InterruptedException {
        var executed = fixture.run(Requests.shell("cat /in/question; echo 42 > /tmp/answer")
                .file("/in/question", "what?")
                .outputs("/tmp/answer", "/tmp/nothing"));

        assertThat(stdout(executed)).isEqualTo("what?");
    }

    @Test
    void returnsTheFilesAskedForOrSaysWhyNot() throws InterruptedException {
        var executed = fixture.run(Requests.shell("echo 42 > /tmp/answer").outputs("/tmp/answer", "/tmp/nothing"));

        var files = executed.result().orElseThrow().files();
        assertThat(files.getFirst().content()).asString().isEqualTo("42\n");
        assertThat(files.getFirst().error()).isEmpty();
        assertThat(files.getLast().error()).contains("/tmp/nothing");
    }

    @Test
    void returnsOnlyTheBeginningOfLargeFiles() throws InterruptedException {
        fixture.driver.addProgram("large", context -> {
            try (var file = context.sandbox().files().write("/tmp/large", "", 0644, false)) {
                file.write(new byte[1200]);
            }
            return 0;
        });

        var executed = fixture.run(Requests.of("large").outputs("/tmp/large", "/tmp/large"));

        var files = executed.result().orElseThrow().files();
        assertThat(files.getFirst().content()).hasSize(1000);
        assertThat(files.getFirst().size()).isEqualTo(1200);
        assertThat(files.getFirst().isTruncated()).isTrue();
        assertThat(files.getLast().content()).as("what is left for all files together").hasSize(500);
    }

    @Test
    void keepsTheBeginningOfTooMuchOutput() throws InterruptedException {
        fixture.driver.addProgram("talk", context -> {
            for (int line = 0; line < 100_000; line++) {
                context.print("0123456789");
            }
            return 0;
        });

        var executed = fixture.run(Requests.of("talk").command(Command.of("talk").withOutputLimit(25)));

        var result = executed.result().orElseThrow();
        assertThat(result.stdout()).asString().isEqualTo("0123456789\n0123456789\n012");
        assertThat(result.stdoutBytes()).isEqualTo(1_100_000);
        assertThat(result.isTruncated()).isTrue();
    }

    @Test
    void aListenerHearsEveryByteInOrder() throws InterruptedException {
        var heard = new ByteArrayOutputStream();
        var listener = new ExecutionListener() {
            @Override
            public void started(String sandboxId) {
                heard.writeBytes("started ".getBytes(StandardCharsets.UTF_8));
            }

            @Override
            public void stdout(byte[] bytes, int offset, int length) {
                heard.write(bytes, offset, length);
            }
        };

        fixture.engine.run(Requests.shell("echo one; echo two").request(), listener);

        assertThat(heard.toString(StandardCharsets.UTF_8)).isEqualTo("started one\ntwo\n");
    }

    @Test
    void aListenerThatFailsEndsTheExecution() throws InterruptedException {
        var listener = new ExecutionListener() {
            @Override
            public void stdout(byte[] bytes, int offset, int length) {
                throw new IllegalStateException("the client has gone");
            }
        };

        var executed = fixture.engine.run(Requests.of("yes").request(), listener);

        assertThat(executed.state()).isEqualTo(CANCELLED);
        assertThat(executed.errorDetail()).contains("the client has gone");
    }

    @Test
    void aSignalIsTold() throws InterruptedException {
        var executed = fixture.run(Requests.shell("kill -11 $$"));

        assertThat(executed.result().orElseThrow().outcome()).isEqualTo(new Outcome.Signaled(11));
        assertThat(executed.state()).isEqualTo(COMPLETED);
    }

    @Test
    void aKillForWantOfMemoryIsTold() throws InterruptedException {
        fixture.driver.addProgram("greedy", context -> {
            context.process().outgrowMemory();
            return 0;
        });

        var executed = fixture.run(Requests.of("greedy"));

        assertThat(executed.result().orElseThrow().outcome())
                .isEqualTo(new Outcome.OutOfMemory(Limits.DEFAULT.memory()));
    }

    @Test
    void aShellWhoseChildWasKilledForWantOfMemoryIsOutOfMemoryToo() throws InterruptedException {
        fixture.driver.addProgram("greedy", context -> {
            context.process().outgrowMemory();
            return 0;
        });
        fixture.driver.addProgram("parent", context -> {
            var child = context.sandbox().start(Command.of("greedy"));
            return child.waitFor().shellCode();
        });

        var executed = fixture.run(Requests.of("parent"));

        assertThat(executed.result().orElseThrow().outcome()).isInstanceOf(Outcome.OutOfMemory.class);
    }

    @Test
    void gettingOverAKilledHelperIsNoFailure() throws InterruptedException {
        fixture.driver.addProgram("greedy", context -> {
            context.process().outgrowMemory();
            return 0;
        });
        fixture.driver.addProgram("parent", context -> {
            context.sandbox().start(Command.of("greedy")).waitFor();
            return 0;
        });

        var executed = fixture.run(Requests.of("parent"));

        assertThat(executed.result().orElseThrow().outcome()).isEqualTo(new Outcome.Exited(0));
    }

    @Test
    void theTimeLimitCountsFromTheStartOfTheProcess() throws Exception {
        var running = fixture.startHanging(Requests.of("sleep").timeout(Duration.ofSeconds(7)));

        fixture.clock.advance(Duration.ofSeconds(6));
        assertThat(running.isDone()).isFalse();
        fixture.clock.advance(Duration.ofSeconds(1));

        var executed = running.get();
        assertThat(executed.state()).isEqualTo(TIMED_OUT);
        assertThat(executed.result().orElseThrow().outcome())
                .isEqualTo(new Outcome.TimedOut(Duration.ofSeconds(7)));
        assertThat(executed.result().orElseThrow().phases().run()).isEqualTo(Duration.ofSeconds(7));
    }

    @Test
    void aTimeoutKeepsTheOutputSoFar() throws Exception {
        var request = Requests.shell("echo so far; sleep").timeout(Duration.ofSeconds(7));
        var running = fixture.start(request);
        fixture.awaitState(request, RUNNING);

        fixture.clock.advance(Duration.ofSeconds(7));

        assertThat(stdout(running.get())).isEqualTo("so far\n");
    }

    @Test
    void anAgentThatDoesNotEnforceTheTimeLimitIsGivenUp() throws Exception {
        fixture.driver.addProgram("deaf", context -> {
            context.print("so far");
            context.process().turnDeaf();
            new CountDownLatch(1).await();
            return 0;
        });
        var request = Requests.of("deaf").timeout(Duration.ofSeconds(7));
        var heard = new CountDownLatch(1);
        var running = fixture.inBackground(() -> fixture.engine.run(request.request(), onFirstOutput(heard)));
        heard.await();

        fixture.clock.advance(Duration.ofSeconds(7));
        assertThat(running.isDone()).isFalse();
        fixture.clock.advance(EngineFixture.KILL_GRACE);

        var executed = running.get();
        assertThat(executed.state()).isEqualTo(TIMED_OUT);
        assertThat(stdout(executed)).isEqualTo("so far\n");
        fixture.awaitIdle();
    }

    @Test
    void aSandboxLostAfterTheStartIsAnOutcome() throws Exception {
        var request = Requests.of("sleep");
        var running = fixture.startHanging(request);

        fixture.driver.sandbox(request.request().id()).orElseThrow().lose();

        var executed = running.get();
        assertThat(executed.state()).isEqualTo(FAILED);
        assertThat(executed.errorCode()).isEqualTo("sandbox_failed");
        assertThat(executed.result().orElseThrow().outcome()).isInstanceOf(Outcome.Lost.class);
    }

    @Test
    void aSandboxLostBeforeTheStartIsAnErrorThatIsThrownAndRecorded() {
        fixture.driver.onCreate(spec -> {
            throw new PlatformException(ErrorCode.SANDBOX_FAILED, "no sandbox today");
        });
        var request = Requests.of("true");

        assertThatThrownBy(() -> fixture.run(request)).hasMessage("no sandbox today");

        var recorded = fixture.current(request);
        assertThat(recorded.state()).isEqualTo(FAILED);
        assertThat(recorded.errorCode()).isEqualTo("sandbox_failed");
        assertThat(recorded.errorDetail()).isEqualTo("no sandbox today");
        assertThat(recorded.result()).isEmpty();
        fixture.awaitIdle();
    }

    @Test
    void whateverBreaksTheCallerIsAnsweredAndThePlaceIsFree() {
        fixture.driver.onCreate(spec -> {
            throw new StackOverflowError("a driver out of control");
        });

        assertThatThrownBy(() -> fixture.run(Requests.of("true")))
                .isInstanceOfSatisfying(
                        PlatformException.class,
                        failure -> assertThat(failure.code()).isEqualTo(ErrorCode.INTERNAL));
        fixture.awaitIdle();
    }

    @Test
    void anUnknownUserIsTheCallersMistake() {
        var request = Requests.of("true").command(Command.of("true").withUser("ghost"));

        assertThatThrownBy(() -> fixture.run(request))
                .isInstanceOfSatisfying(
                        PlatformException.class,
                        failure -> assertThat(failure.code()).isEqualTo(ErrorCode.VALIDATION_FAILED));
        fixture.awaitIdle();
    }

    @Test
    void theAnswerDoesNotWaitForTheSandboxToGoButItsPlaceDoes() throws Exception {
        var mayGo = new CountDownLatch(1);
        fixture.driver.onDestroy(sandbox -> awaitUninterruptibly(mayGo));

        fixture.run(Requests.of("true"));

        assertThat(fixture.engine.status().running()).isEqualTo(1);
        mayGo.countDown();
        await().until(() -> fixture.engine.status().running() == 0);
    }

    @Test
    void phasesAreMeasured() throws Exception {
        fixture.driver.onRequireImage(image -> {});
        fixture.driver.onCreate(spec -> fixture.clock.advance(Duration.ofMillis(30)));
        fixture.driver.addProgram("work", context -> {
            fixture.clock.advance(Duration.ofMillis(500));
            return 0;
        });

        var phases = fixture.run(Requests.of("work")).result().orElseThrow().phases();

        assertThat(phases.queue()).isZero();
        assertThat(phases.image()).isZero();
        assertThat(phases.start()).isEqualTo(Duration.ofMillis(30));
        assertThat(phases.run()).isEqualTo(Duration.ofMillis(500));
        assertThat(phases.total()).isEqualTo(Duration.ofMillis(530));
    }

    @Test
    void peakMemoryIsTheSandboxes() throws InterruptedException {
        fixture.driver.setMemoryPeak(12_345_678);

        assertThat(fixture.run(Requests.of("true")).result().orElseThrow().peakMemoryBytes())
                .isEqualTo(12_345_678);
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = {"EPHEMERAL", "CACHED", "PERSISTENT"})
    void otherModesAreRefusedWithTheReason(ExecutionMode mode) {
        assertThatThrownBy(() -> fixture.run(Requests.of("true").mode(mode)))
                .hasMessageContaining(mode.wire())
                .isInstanceOfSatisfying(
                        PlatformException.class,
                        failure -> assertThat(failure.code()).isEqualTo(ErrorCode.NOT_IMPLEMENTED));
        assertThat(fixture.driver.created()).isZero();
    }

    @Test
    void anIdCanBeUsedOnce() throws Exception {
        var request = Requests.of("sleep");
        fixture.startHanging(request);

        assertThatThrownBy(() -> fixture.run(request)).hasMessageContaining("already");
        assertThat(fixture.engine.status().running()).isEqualTo(1);
    }

    @Test
    void theObserverHearsOfEachStep() throws InterruptedException {
        var request = Requests.of("true");
        var id = request.request().id();

        fixture.run(request);
        fixture.awaitIdle();

        await().untilAsserted(() -> assertThat(fixture.events.seen)
                .containsExactly(
                        "accepted " + id, "started " + id, "finished " + id + " completed", "destroyed native"));
    }

    @Test
    void anotherTenantSeesNothing() throws InterruptedException {
        var request = Requests.of("true");
        fixture.run(request);

        assertThatThrownBy(() -> fixture.engine.get("other", request.request().id()))
                .isInstanceOfSatisfying(
                        PlatformException.class,
                        failure -> assertThat(failure.code()).isEqualTo(ErrorCode.NOT_FOUND));
    }

    @Test
    void aSubmittedExecutionIsQueuedAndThenRuns() {
        var request = Requests.of("echo", "later");

        var accepted = fixture.engine.submit(request.request());

        assertThat(accepted.state()).isIn(QUEUED, RUNNING, COMPLETED);
        fixture.awaitState(request, COMPLETED);
        assertThat(stdout(fixture.current(request))).isEqualTo("later\n");
    }

    private static ExecutionListener onFirstOutput(CountDownLatch heard) {
        return new ExecutionListener() {
            @Override
            public void stdout(byte[] bytes, int offset, int length) {
                heard.countDown();
            }
        };
    }

    private static void awaitUninterruptibly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private static String stdout(ExecutionRecord executed) {
        return new String(executed.result().orElseThrow().stdout(), StandardCharsets.UTF_8);
    }
}
