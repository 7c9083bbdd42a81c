package dev.faas.drivers.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.faas.drivers.agent.wire.Protocol;
import java.nio.ByteBuffer;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ByteRingTest {

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void bytesLeaveInTheOrderTheyCame(long seed) {
        var random = new Random(seed);
        var ring = new ByteRing();
        byte written = 0;
        byte read = 0;
        for (int step = 0; step < 5_000; step++) {
            var in = new byte[random.nextInt(Math.min(20_000, Protocol.INITIAL_WINDOW - ring.length()) + 1)];
            for (int i = 0; i < in.length; i++) {
                in[i] = written++;
            }
            ring.put(ByteBuffer.wrap(in));
            var out = new byte[random.nextInt(25_000)];
            int count = ring.take(out, 0, out.length);
            for (int i = 0; i < count; i++) {
                assertThat(out[i]).isEqualTo(read++);
            }
        }
        assertThat((byte) (read + ring.length())).isEqualTo(written);
    }

    @Test
    void neverHoldsMoreThanAWindow() {
        var ring = new ByteRing();
        ring.put(ByteBuffer.allocate(Protocol.INITIAL_WINDOW));
        assertThatThrownBy(() -> ring.put(ByteBuffer.allocate(1))).isInstanceOf(IllegalStateException.class);
        assertThat(ring.length()).isEqualTo(Protocol.INITIAL_WINDOW);
        ring.release();
        assertThat(ring.isEmpty()).isTrue();
    }
}
