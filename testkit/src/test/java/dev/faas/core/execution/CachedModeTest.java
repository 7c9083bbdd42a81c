package dev.faas.core.execution;

import static dev.faas.core.execution.CacheUse.Kind.HIT;
import static dev.faas.core.execution.CacheUse.Kind.JOINED;
import static dev.faas.core.execution.CacheUse.Kind.MISS;
import static dev.faas.core.execution.ExecutionState.CANCELLED;
import static dev.faas.core.execution.ExecutionState.COMPLETED;
import static dev.faas.core.execution.ExecutionState.RUNNING;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.faas.core.common.ErrorCode;
import dev.faas.core.common.PlatformException;
import dev.faas.core.sandbox.Origin;
import dev.faas.testkit.execution.Requests;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// Equal executions: one run, and everybody's own record.
final class CachedModeTest {

    private final EngineFixture fixture = new EngineFixture();
    private final AtomicInteger runs = new AtomicInteger();
    private final CountDownLatch gate = new CountDownLatch(1);

    CachedModeTest() {
        fixture.driver.addProgram("ticket", context -> {
            context.print("number " + runs.incrementAndGet());
            try (var out = context.sandbox().files().write("/out", "", 0644, true)) {
                out.write(new byte[] {0, -1, 1});
            }
            return 0;
        });
        fixture.driver.addProgram("slow", context -> {
            context.print("number " + runs.incrementAndGet());
            gate.await();
            context.print("end");
            return 0;
        });
        fixture.driver.addProgram("failing", context -> {
            runs.incrementAndGet();
            return 3;
        });
    }

    @AfterEach
    void close() {
        gate.countDown();
        fixture.close();
    }

    @Test
    void theSecondIsAnsweredWithoutASandbox() throws Exception {
        var first = fixture.run(request("ticket").outputs("/out"));
        awaitKept(1);
        var second = fixture.run(request("ticket").outputs("/out"));

        assertThat(first.cache()).contains(new CacheUse(MISS, ""));
        assertThat(second.cache()).contains(new CacheUse(HIT, first.id()));
        assertThat(second.state()).isEqualTo(COMPLETED);
        assertThat(second.startedAt()).isEmpty();
        var result = second.result().orElseThrow();
        assertThat(result.outcome()).isEqualTo(new Outcome.Exited(0));
        assertThat(result.stdout()).isEqualTo(first.result().orElseThrow().stdout());
        assertThat(result.files().getFirst().content()).containsExactly(0, -1, 1);
        assertThat(result.imageDigest()).isEqualTo(first.result().orElseThrow().imageDigest());
        assertThat(result.origin()).isEqualTo(Origin.NONE);
        assertThat(result.phases().run()).isZero();
        assertThat(result.phases().start()).isZero();
        assertThat(result.userTime()).isZero();
        assertThat(fixture.driver.created()).isEqualTo(1);
        assertThat(fixture.events.seen).contains("finished " + second.id() + " completed");
    }

    @Test
    void manyAtOnceShareOneRun() throws Exception {
        var all = startAll(50);
        gate.countDown();

        var sources = new ArrayList<CacheUse>();
        for (var each : all) {
            var done = each.get();
            assertThat(text(done)).isEqualTo("number 1\nend\n");
            sources.add(done.cache().orElseThrow());
        }
        var leader = sources.stream().map(CacheUse::source).filter(id -> !id.isEmpty()).findFirst().orElseThrow();
        assertThat(sources).containsOnlyOnce(new CacheUse(MISS, ""));
        assertThat(sources.stream().filter(new CacheUse(JOINED, leader)::equals)).hasSize(49);
        assertThat(fixture.driver.created()).isEqualTo(1);
        fixture.awaitIdle();
        assertThat(fixture.cache.statistics("tenant").joined()).isEqualTo(49);
    }

    @Test
    void oneWhoLeavesTakesNothingFromTheOthers() throws Exception {
        for (boolean isFirst : List.of(true, false)) {
            var first = request("slow").stdin(String.valueOf(isFirst));
            var firstAnswer = start(first);
            var second = request("slow").stdin(String.valueOf(isFirst));
            var secondAnswer = start(second);

            var leaver = isFirst ? first : second;
            assertThat(fixture.cancel(leaver).state()).isEqualTo(CANCELLED);
            assertThat((isFirst ? firstAnswer : secondAnswer).get().result()).isEmpty();
            assertThat(fixture.current(isFirst ? second : first).state()).isEqualTo(RUNNING);
        }
        gate.countDown();

        await().until(() -> fixture.cache.counts().misses() + fixture.cache.counts().joined() == 2);
        awaitKept(2);
        assertThat(runs).hasValue(2);
    }

    @Test
    void whenEverybodyHasLeftTheRunIsCancelled() throws Exception {
        var first = request("slow");
        var second = request("slow");
        var firstAnswer = start(first);
        var secondAnswer = start(second);

        fixture.cancel(first);
        fixture.cancel(second);

        assertThat(firstAnswer.get().state()).isEqualTo(CANCELLED);
        var last = secondAnswer.get();
        assertThat(last.state()).isEqualTo(CANCELLED);
        assertThat(last.result().orElseThrow().outcome()).isEqualTo(new Outcome.Cancelled("somebody"));
        fixture.awaitIdle();
        gate.countDown();
        assertThat(text(fixture.run(request("slow")))).as("nobody joins what was cancelled").startsWith("number 2");
    }

    @Test
    void whenTheLastLeavesAQueueNothingRuns() throws Exception {
        try (var narrow = new EngineFixture(1, 4)) {
            narrow.startHanging(Requests.of("sleep"));
            var request = request("ticket");
            var answer = narrow.start(request);
            narrow.awaitQueued(1);

            narrow.cancel(request);

            assertThat(answer.get().state()).isEqualTo(CANCELLED);
            narrow.awaitQueued(0);
            assertThat(narrow.driver.created()).isEqualTo(1);
        }
    }

    @Test
    void aHitNeedsNoPlace() throws Exception {
        try (var narrow = new EngineFixture(1, 0)) {
            narrow.driver.addProgram("ticket", context -> 0);
            narrow.run(request("ticket"));
            await().until(() -> narrow.cache.statistics("tenant").entries() == 1);
            narrow.awaitIdle();
            narrow.startHanging(Requests.of("sleep"));

            assertThat(use(narrow.run(request("ticket")))).isEqualTo(HIT);
            assertThatThrownBy(() -> narrow.run(request("ticket").stdin("another")))
                    .isInstanceOfSatisfying(PlatformException.class, refused -> assertThat(refused.code())
                            .isEqualTo(ErrorCode.CAPACITY_EXHAUSTED));
        }
    }

    @Test
    void aFailureOfThePlatformIsEverybodysAndNotKept() throws Exception {
        fixture.driver.onCreate(spec -> {
            awaitGate();
            throw new PlatformException(ErrorCode.SANDBOX_FAILED, "no sandbox today");
        });
        var answers = List.of(fixture.start(request("ticket")), fixture.start(request("ticket")));
        await().until(() -> fixture.engine.status().running() == 1);
        gate.countDown();

        for (var answer : answers) {
            assertThatThrownBy(answer::get)
                    .isInstanceOf(ExecutionException.class)
                    .hasRootCauseMessage("no sandbox today");
        }
        fixture.driver.onCreate(spec -> {});
        fixture.awaitIdle();
        assertThat(use(fixture.run(request("ticket")))).isEqualTo(MISS);
    }

    @Test
    void onlySuccessesAreKeptUnlessAskedFor() throws Exception {
        for (int i = 0; i < 2; i++) {
            assertThat(use(fixture.run(request("failing")))).isEqualTo(MISS);
        }
        var keeping = new CachePolicy("", Optional.empty(), false, true);
        assertThat(use(fixture.run(request("failing").cached(keeping)))).isEqualTo(MISS);
        awaitKept(1);
        var known = fixture.run(request("failing").cached(keeping));
        assertThat(use(known)).isEqualTo(HIT);
        assertThat(known.result().orElseThrow().outcome()).isEqualTo(new Outcome.Exited(3));
        assertThat(use(fixture.run(request("failing")))).as("who didn't ask for it").isEqualTo(MISS);
    }

    @Test
    void whatIsNotWholeIsNotKept() throws Exception {
        var cut = request("ticket").command(request("ticket").request().command().withOutputLimit(3));
        assertThat(fixture.run(cut).result().orElseThrow().isTruncated()).isTrue();
        assertThat(fixture.run(request("ticket").outputs("/absent")).result().orElseThrow().files()).hasSize(1);
        fixture.awaitIdle();

        assertThat(use(fixture.run(cut.id("exe_again")))).isEqualTo(MISS);
        assertThat(use(fixture.run(request("ticket").outputs("/absent")))).isEqualTo(MISS);
        fixture.awaitIdle();
        assertThat(fixture.cache.statistics("tenant").entries()).isZero();
    }

    @Test
    void aRefreshRunsAndReplaces() throws Exception {
        fixture.run(request("ticket"));
        awaitKept(1);
        var refreshed = fixture.run(request("ticket").cached(new CachePolicy("", Optional.empty(), true, false)));
        assertThat(use(refreshed)).isEqualTo(MISS);
        assertThat(text(refreshed)).isEqualTo("number 2\n");

        fixture.awaitIdle();
        await().untilAsserted(() -> assertThat(text(fixture.run(request("ticket")))).isEqualTo("number 2\n"));
    }

    @Test
    void aRefreshDoesNotJoinWhatBeganBefore() throws Exception {
        var old = start(request("slow"));
        var fresh = start(request("slow").cached(new CachePolicy("", Optional.empty(), true, false)));
        gate.countDown();

        assertThat(text(old.get())).startsWith("number 1");
        assertThat(text(fresh.get())).startsWith("number 2");
        awaitKept(1);
        fixture.awaitIdle();
        assertThat(text(fixture.run(request("slow")))).as("the old run's result is not kept").startsWith("number 2");
    }

    @Test
    void resultsGrowOld() throws Exception {
        fixture.run(request("ticket"));
        awaitKept(1);
        fixture.clock.advance(Duration.ofHours(1));

        var impatient = new CachePolicy("", Optional.of(Duration.ofMinutes(59)), false, false);
        assertThat(use(fixture.run(request("ticket")))).isEqualTo(HIT);
        assertThat(use(fixture.run(request("ticket").cached(impatient)))).isEqualTo(MISS);
        fixture.awaitIdle();
        await().until(() -> use(fixture.run(request("ticket").cached(impatient))) == HIT);

        fixture.clock.advance(Duration.ofMinutes(59));
        assertThat(use(fixture.run(request("ticket")))).as("it was kept for as long as its request said").isEqualTo(MISS);
    }

    @Test
    void tenantsAndKeysShareNothing() throws Exception {
        var named = new CachePolicy("mine", Optional.empty(), false, false);
        assertThat(use(fixture.run(request("ticket")))).isEqualTo(MISS);
        assertThat(use(fixture.run(request("ticket").tenant("other")))).isEqualTo(MISS);
        assertThat(use(fixture.run(request("ticket").cached(named)))).isEqualTo(MISS);
        assertThat(use(fixture.run(request("ticket").tenant("other").cached(named)))).isEqualTo(MISS);
        assertThat(runs).hasValue(4);
    }

    @Test
    void whatIsClearedDuringARunIsNotKept() throws Exception {
        var old = start(request("slow"));
        fixture.cache.clear("tenant", Optional.empty());
        var young = start(request("slow"));
        gate.countDown();

        assertThat(text(old.get())).startsWith("number 1");
        assertThat(text(young.get())).as("nobody joins a run from before").startsWith("number 2");
        awaitKept(1);
        fixture.awaitIdle();
        assertThat(text(fixture.run(request("slow")))).startsWith("number 2");
    }

    @Test
    void runsAsEverWhileTheDatabaseIsAway() throws Exception {
        fixture.results.setAway(true);

        assertThat(use(fixture.run(request("ticket")))).isEqualTo(MISS);
        await().until(() -> fixture.cache.counts().dropped() == 1);
        fixture.awaitIdle();
        assertThat(use(fixture.run(request("ticket")))).isEqualTo(MISS);
    }

    @Test
    void betweenTheAnswerAndTheDatabaseItIsAHitToo() throws Exception {
        fixture.results.onPut(this::awaitGate);
        fixture.run(request("ticket"));

        assertThat(use(fixture.run(request("ticket")))).isEqualTo(HIT);
        gate.countDown();
        awaitKept(1);
    }

    @Test
    void hitsGiveTheirMemoryBack() throws Exception {
        var megabyte = "x".repeat(1 << 20);
        fixture.driver.addProgram("large", context -> {
            context.print(megabyte);
            return 0;
        });
        fixture.run(request("large"));
        awaitKept(1);

        for (int i = 0; i < 40; i++) {
            await().until(() -> fixture.engine.journalBacklog() == 0);
            assertThat(use(fixture.run(request("large")))).isEqualTo(HIT);
        }
    }

    private static Requests request(String program) {
        return Requests.of(program).cached(CachePolicy.DEFAULT);
    }

    private List<Future<ExecutionRecord>> startAll(int count) {
        var all = new ArrayList<Future<ExecutionRecord>>();
        for (int i = 0; i < count; i++) {
            all.add(start(request("slow")));
        }
        return all;
    }

    private Future<ExecutionRecord> start(Requests request) {
        var answer = fixture.start(request);
        fixture.awaitState(request, RUNNING);
        return answer;
    }

    private void awaitKept(int entries) {
        await().until(() -> fixture.cache.statistics("tenant").entries() == entries);
    }

    private void awaitGate() {
        try {
            gate.await();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private static CacheUse.Kind use(ExecutionRecord done) {
        return done.cache().orElseThrow().kind();
    }

    private static String text(ExecutionRecord done) {
        return new String(done.result().orElseThrow().stdout(), StandardCharsets.UTF_8);
    }
}
