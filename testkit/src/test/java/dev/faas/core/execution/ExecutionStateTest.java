package dev.faas.core.execution;

import static dev.faas.core.execution.ExecutionState.QUEUED;
import static dev.faas.core.execution.ExecutionState.RUNNING;
import static org.assertj.core.api.Assertions.assertThat;

import dev.faas.core.common.ErrorCode;
import dev.faas.core.common.PlatformException;
import dev.faas.testkit.execution.Records;
import dev.faas.testkit.execution.Requests;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

final class ExecutionStateTest {

    private final List<ExecutionState> journal = new ArrayList<>();
    private final ActiveExecution execution = new ActiveExecution(
            Requests.of("true").request(), Records.START, next -> journal.add(next.state()));

    @ParameterizedTest
    @EnumSource(ExecutionState.class)
    void movesOnlyForward(ExecutionState from) {
        for (var to : ExecutionState.values()) {
            boolean isAllowed = from == QUEUED && to != QUEUED || from == RUNNING && to.isFinal();
            assertThat(from.canBecome(to)).as(from + " to " + to).isEqualTo(isAllowed);
        }
    }

    @Test
    void theFirstEndWins() {
        assertThat(execution.fail(failure("first"), Records.START)).isTrue();
        assertThat(execution.fail(failure("second"), Records.START)).isFalse();
        assertThat(execution.cancel("somebody", Records.START)).isFalse();
        assertThat(execution.begin(Records.START, () -> {})).isFalse();

        assertThat(execution.executionRecord().errorDetail()).isEqualTo("first");
        assertThat(journal).containsExactly(ExecutionState.FAILED);
    }

    @Test
    void whatWasCancelledBeforeItBeganDoesNotBegin() {
        execution.cancel("somebody", Records.START);

        assertThat(execution.begin(Records.START, () -> {})).isFalse();
        assertThat(execution.executionRecord().state()).isEqualTo(ExecutionState.CANCELLED);
    }

    @Test
    void aRunningOneIsKilledOnceAndEndsLater() {
        var kills = new AtomicInteger();
        execution.begin(Records.START, kills::incrementAndGet);

        assertThat(execution.cancel("one", Records.START)).isTrue();
        assertThat(execution.cancel("two", Records.START)).isTrue();

        assertThat(kills).hasValue(1);
        assertThat(execution.cancelledBy()).contains("one");
        assertThat(execution.hasEnded()).isFalse();
    }

    @Test
    void anEarlyEndLeavesTheQueueButALateOneHasNone() {
        var left = new AtomicInteger();
        execution.onEarlyEnd(left::incrementAndGet);
        execution.begin(Records.START, () -> {});
        execution.fail(failure("late"), Records.START);
        assertThat(left).hasValue(0);

        var other = new ActiveExecution(Requests.of("true").request(), Records.START, next -> {});
        other.onEarlyEnd(left::incrementAndGet);
        other.fail(failure("early"), Records.START);
        assertThat(left).hasValue(1);
    }

    private static PlatformException failure(String words) {
        return new PlatformException(ErrorCode.INTERNAL, words);
    }
}
