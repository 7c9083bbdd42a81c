package dev.faas.drivers.agent.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.nio.ByteBuffer;
import java.util.EnumSet;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Both languages read the same bytes the same way.
class VectorsTest {

    static List<Vectors> accepted() {
        return Vectors.all().stream().filter(vector -> vector.kind() != '!').toList();
    }

    static List<Vectors> refused() {
        return Vectors.all().stream().filter(vector -> vector.kind() == '!').toList();
    }

    @ParameterizedTest
    @MethodSource("accepted")
    void readsAndWritesTheFrame(Vectors vector) throws Exception {
        var frames = new DecodedFrames();
        var decoder = new FrameDecoder(frames);

        decoder.feed(ByteBuffer.wrap(vector.bytes()));

        assertThat(frames.words).containsExactly(vector.expected());
        assertThat(decoder.isBetweenFrames()).isTrue();
        if (vector.kind() == ' ') {
            assertThat(frames.encoded).containsExactly(ByteBuffer.wrap(vector.bytes()));
        }
    }

    @ParameterizedTest
    @MethodSource("accepted")
    void readsTheFrameByteByByte(Vectors vector) throws Exception {
        var frames = new DecodedFrames();
        var decoder = new FrameDecoder(frames);

        for (byte b : vector.bytes()) {
            assertThat(frames.words).isEmpty();
            decoder.feed(ByteBuffer.wrap(new byte[] {b}));
        }

        assertThat(frames.words).containsExactly(vector.expected());
    }

    @ParameterizedTest
    @MethodSource("refused")
    void refusesTheFrame(Vectors vector) {
        var decoder = new FrameDecoder(new DecodedFrames());

        var refusal = catchThrowableOfType(
                WireException.class, () -> decoder.feed(ByteBuffer.wrap(vector.bytes())));

        assertThat(refusal.reason().wire()).isEqualTo(vector.expected());
    }

    @Test
    void coversEveryType() {
        var missing = EnumSet.allOf(FrameType.class);
        accepted().forEach(vector -> missing.remove(
                FrameType.valueOf(vector.expected().substring(0, vector.expected().indexOf(' ')))));

        assertThat(missing).isEmpty();
    }

    @Test
    void refusesToMakeWhatNobodyMayRead() {
        assertThatThrownBy(() -> Frames.data(FrameType.STDOUT, 1, true, new byte[0], 0, 0))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> Frames.data(FrameType.DATA, 1, false, new byte[70_000], 0, 70_000))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> Frames.message(
                        1, new FileMessage.FileRead("/" + "x".repeat(Protocol.MAX_PAYLOAD), "", 0, 0)))
                .isInstanceOf(WireException.class)
                .hasMessage("too_long");
    }
}
