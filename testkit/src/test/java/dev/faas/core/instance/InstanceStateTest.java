package dev.faas.core.instance;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

final class InstanceStateTest {

    @ParameterizedTest
    @EnumSource(InstanceState.class)
    void whateverPassesCanEndOrGoOn(InstanceState state) {
        var next = Arrays.stream(InstanceState.values()).filter(state::canBecome).toList();

        assertThat(next.isEmpty()).isEqualTo(state == InstanceState.DELETED);
        assertThat(state.canBecome(state)).isFalse();
        if (!state.isEnded() && state != InstanceState.STOPPING) {
            assertThat(next).contains(InstanceState.STOPPING, InstanceState.FAILED);
        }
    }

    @ParameterizedTest
    @EnumSource(InstanceState.class)
    void nothingComesBackFromItsEnd(InstanceState state) {
        if (state.isEnded()) {
            assertThat(Arrays.stream(InstanceState.values()).filter(state::canBecome)).allMatch(InstanceState::isEnded);
        }
    }

    @ParameterizedTest
    @EnumSource(InstanceState.class)
    void theWireSaysTheSame(InstanceState state) {
        assertThat(InstanceState.fromWire(state.wire())).isEqualTo(state);
    }

    @Test
    void onlyWhatRunsIsPausedAndOnlyWhatIsPausedGoesOn() {
        assertThat(Arrays.stream(InstanceState.values()).filter(from -> from.canBecome(InstanceState.PAUSING)))
                .containsExactly(InstanceState.RUNNING);
        assertThat(Arrays.stream(InstanceState.values()).filter(from -> from.canBecome(InstanceState.RESUMING)))
                .containsExactly(InstanceState.PAUSED);
    }
}
