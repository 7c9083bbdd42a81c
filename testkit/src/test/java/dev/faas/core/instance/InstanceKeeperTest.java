package dev.faas.core.instance;

import static dev.faas.core.instance.KeeperFixture.TENANT;
import static dev.faas.core.instance.KeeperFixture.spec;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.faas.core.common.DataSize;
import dev.faas.core.common.ErrorCode;
import dev.faas.core.common.PlatformException;
import dev.faas.core.instance.InstanceRepository.Query;
import dev.faas.core.sandbox.Limits;
import dev.faas.testkit.instance.InMemoryInstanceRepository;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class InstanceKeeperTest {

    private final KeeperFixture fixture = new KeeperFixture();
    private final InstanceKeeper keeper = fixture.keeper;

    @AfterEach
    void close() {
        fixture.close();
    }

    @Test
    void aNewInstanceRunsAndIsOnRecord() {
        var instance = fixture.create("box");

        assertThat(instance.state()).isEqualTo(InstanceState.RUNNING);
        assertThat(instance.id()).startsWith("inst_");
        assertThat(instance.origin()).isPresent();
        assertThat(keeper.get(TENANT, "box")).isEqualTo(instance);
        assertThat(fixture.driver.list()).containsExactly(instance.id());
        assertThat(keeper.list(query()).instances()).containsExactly(instance);
    }

    @Test
    void stateStaysBetweenCommands() throws Exception {
        var instance = fixture.create("");

        fixture.exec(instance, "echo kept > /tmp/state");

        assertThat(fixture.output(instance, "cat /tmp/state")).isEqualTo("kept\n");
        assertThat(fixture.driver.created()).isEqualTo(1);
        assertThat(fixture.driver.list()).hasSize(1);
    }

    @Test
    void aCommandIsAnExecutionThatNamesItsInstance() throws Exception {
        var instance = fixture.create("");

        var execution = fixture.exec(instance, "true");

        assertThat(execution.instance()).isEqualTo(instance.id());
        assertThat(execution.mode().wire()).isEqualTo("persistent");
        assertThat(fixture.engine.get(TENANT, execution.id()).instance()).isEqualTo(instance.id());
    }

    @Test
    void aNameIsTakenOnce() {
        fixture.create("box");

        assertFails(() -> fixture.create("box"), ErrorCode.CONFLICT);
        assertThat(fixture.driver.created()).isEqualTo(1);
        assertThat(keeper.living()).isEqualTo(1);
    }

    @Test
    void getOrCreateGivesTheOneThereIs() throws Exception {
        var made = keeper.getOrCreate(TENANT, spec("box"));
        var found = keeper.getOrCreate(TENANT, spec("box"));

        assertThat(made.isNew()).isTrue();
        assertThat(found.isNew()).isFalse();
        assertThat(found.instance().id()).isEqualTo(made.instance().id());
    }

    @Test
    void ofManyWhoWantOneNameOneCreatesIt() throws Exception {
        var wanting = new ArrayList<Future<InstanceKeeper.Named>>();
        for (int i = 0; i < 20; i++) {
            wanting.add(fixture.inBackground(() -> keeper.getOrCreate(TENANT, spec("box"))));
        }
        int created = 0;
        for (var one : wanting) {
            assertThat(one.get().instance().state()).isEqualTo(InstanceState.RUNNING);
            created += one.get().isNew() ? 1 : 0;
        }

        assertThat(created).isEqualTo(1);
        assertThat(fixture.driver.created()).isEqualTo(1);
    }

    @Test
    void deletionLeavesNothingAndFreesTheName() {
        var instance = fixture.create("box");

        var deleted = keeper.delete(TENANT, "box", "somebody");

        assertThat(deleted.state()).isEqualTo(InstanceState.DELETED);
        assertThat(fixture.driver.list()).isEmpty();
        assertFails(() -> keeper.get(TENANT, instance.id()), ErrorCode.NOT_FOUND);
        assertThat(fixture.create("box").id()).isNotEqualTo(instance.id());
    }

    @Test
    void deletedWhileBeingMadeItIsGoneAllTheSame() throws Exception {
        var made = new CountDownLatch(1);
        fixture.driver.onCreate(spec -> hold(made));
        var creating = fixture.inBackground(() -> fixture.create("box"));
        await().until(() -> keeper.living() == 1);
        await().ignoreExceptions().until(() -> keeper.get(TENANT, "box").state() == InstanceState.CREATING);
        var deleting = fixture.inBackground(() -> keeper.delete(TENANT, "box", "somebody"));
        await().until(() -> keeper.list(query()).instances().getFirst().state() == InstanceState.STOPPING);
        made.countDown();

        assertThat(deleting.get().state()).isEqualTo(InstanceState.DELETED);
        assertThatThrownBy(creating::get).hasMessageContaining("deleted by somebody");
        assertThat(fixture.driver.list()).isEmpty();
        assertThat(keeper.living()).isZero();
    }

    @Test
    void whatCannotBeMadeIsOnRecordAsFailed() {
        fixture.driver.onCreate(spec -> {
            throw new PlatformException(ErrorCode.SANDBOX_FAILED, "no room");
        });

        assertFails(() -> fixture.create("box"), ErrorCode.SANDBOX_FAILED);

        var failed = keeper.list(query()).instances().getFirst();
        assertThat(failed.state()).isEqualTo(InstanceState.FAILED);
        assertThat(failed.reason()).isEqualTo("no room");
        assertThat(keeper.living()).isZero();
    }

    @Test
    void noMoreLiveThanAreAllowed() {
        for (int i = 0; i < 3; i++) {
            fixture.create("");
        }
        assertFails(() -> fixture.create(""), ErrorCode.CAPACITY_EXHAUSTED);
        keeper.create("other", spec(""));
        keeper.create("other", spec(""));
        assertFails(() -> keeper.create("third", spec("")), ErrorCode.CAPACITY_EXHAUSTED);

        keeper.delete("other", keeper.list(new Query(
                        "other", Optional.empty(), Optional.empty(), Map.of(), 1, Optional.empty()))
                .instances().getFirst().id(), "them");

        assertThat(keeper.create("third", spec("")).state()).isEqualTo(InstanceState.RUNNING);
    }

    @Test
    void othersSeeNothingOfIt() {
        var instance = fixture.create("box");

        assertFails(() -> keeper.get("other", instance.id()), ErrorCode.NOT_FOUND);
        assertFails(() -> keeper.get("other", "box"), ErrorCode.NOT_FOUND);
        assertFails(() -> keeper.enter("other", instance.id()), ErrorCode.NOT_FOUND);
        assertFails(() -> keeper.pause("other", instance.id(), "them"), ErrorCode.NOT_FOUND);
        assertFails(() -> keeper.delete("other", instance.id(), "them"), ErrorCode.NOT_FOUND);
    }

    @Test
    void limitsChangeWhileItRuns() {
        var instance = fixture.create("");
        var before = instance.limits();

        var changed = keeper.limit(TENANT, instance.id(), limits -> new Limits(
                DataSize.ofMebibytes(64), 250, 9, limits.disk(), limits.openFiles(), limits.readBps(), limits.writeBps()));

        assertThat(changed.limits().memory()).isEqualTo(DataSize.ofMebibytes(64));
        assertThat(changed.limits().disk()).isEqualTo(before.disk());
        assertThat(fixture.sandbox(instance).limits()).isEqualTo(changed.limits());
    }

    @Test
    void limitsTheSandboxRefusesStayAsTheyWere() {
        var instance = fixture.create("");

        assertFails(
                () -> keeper.limit(TENANT, instance.id(), limits -> new Limits(
                        DataSize.ofMebibytes(4), 1, 1, limits.disk(), 1, 0, 0)),
                ErrorCode.VALIDATION_FAILED);

        assertThat(keeper.get(TENANT, instance.id()).limits()).isEqualTo(instance.limits());
    }

    @Test
    void aLostSandboxIsNoticedAndSaid() {
        var instance = fixture.create("box");

        fixture.sandbox(instance).lose();

        await().until(() -> {
            fixture.clock.advance(KeeperFixture.CONFIG.interval());
            return fixture.state(instance) == InstanceState.FAILED;
        });
        assertThat(fixture.reason(instance)).isEqualTo("its sandbox was lost");
        await().until(() -> keeper.living() == 0);
        assertFails(() -> keeper.enter(TENANT, instance.id()), ErrorCode.CONFLICT);
        assertThat(fixture.create("box").state()).isEqualTo(InstanceState.RUNNING);
    }

    @Test
    void stoppingTheServerEndsThemAndSaysSo() {
        var instance = fixture.create("box");

        keeper.close();

        assertThat(fixture.driver.list()).isEmpty();
        var recorded = fixture.repository.find(TENANT, instance.id()).orElseThrow();
        assertThat(recorded.state()).isEqualTo(InstanceState.STOPPED);
        assertThat(recorded.reason()).isEqualTo("the server stopped");
        assertFails(() -> fixture.create(""), ErrorCode.SHUTTING_DOWN);
    }

    @Test
    void whatADeadServerLeftIsReportedAsLost() {
        var records = new InMemoryInstanceRepository();
        var first = new KeeperFixture(records.ofServer("dying"));
        var instance = first.create("box");
        records.ofServer("dying").die();
        try (var second = new KeeperFixture(records)) {
            var lost = second.keeper.get(TENANT, instance.id());

            assertThat(lost.state()).isEqualTo(InstanceState.FAILED);
            assertThat(lost.reason()).isEqualTo("the server that ran it died");
            assertThat(second.create("box").state()).isEqualTo(InstanceState.RUNNING);
        } finally {
            first.close();
        }
    }

    @Test
    void oneThatLivesOnAnotherServerIsShownAndLeftAlone() {
        var records = new InMemoryInstanceRepository();
        try (var first = new KeeperFixture(records.ofServer("one"));
                var second = new KeeperFixture(records)) {
            var instance = first.create("box");

            assertThat(second.keeper.get(TENANT, "box").id()).isEqualTo(instance.id());
            assertFails(() -> second.keeper.enter(TENANT, instance.id()), ErrorCode.CONFLICT);
            assertFails(() -> second.keeper.delete(TENANT, instance.id(), "me"), ErrorCode.CONFLICT);
            assertThat(first.state(instance)).isEqualTo(InstanceState.RUNNING);
        }
    }

    @Test
    void nothingIsMadeThatCannotBeRecorded() {
        fixture.repository.setAway(true);

        assertFails(() -> fixture.create(""), ErrorCode.STORE_UNAVAILABLE);

        assertThat(fixture.driver.created()).isZero();
        assertThat(keeper.living()).isZero();
    }

    @Test
    void whatHappensWhileTheDatabaseIsAwayIsRecordedAfterwards() {
        var instance = fixture.create("");
        fixture.repository.setAway(true);
        keeper.pause(TENANT, instance.id(), "me");
        assertFails(() -> keeper.list(query()), ErrorCode.STORE_UNAVAILABLE);

        fixture.repository.setAway(false);

        await().until(() -> {
            fixture.clock.advance(KeeperFixture.CONFIG.retryDelay());
            return fixture.repository.find(TENANT, instance.id()).orElseThrow().state() == InstanceState.PAUSED;
        });
    }

    @Test
    void recordsOfTheEndedAreForgottenAfterAWhile() {
        var instance = fixture.create(new Lifetime(Duration.ofMinutes(1), Duration.ZERO, false));
        fixture.clock.advance(Duration.ofMinutes(1));
        fixture.awaitState(instance, InstanceState.STOPPED);

        await().until(() -> {
            fixture.clock.advance(Duration.ofMinutes(10));
            return fixture.repository.find(TENANT, instance.id()).isEmpty();
        });
    }

    static Query query() {
        return new Query(TENANT, Optional.empty(), Optional.empty(), Map.of(), 10, Optional.empty());
    }

    static void assertFails(ThrowingCallable call, ErrorCode code) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(PlatformException.class, failure -> assertThat(failure.code()).isEqualTo(code));
    }

    private static void hold(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
