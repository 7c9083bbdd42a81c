package dev.faas.drivers.agent.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Whatever arrives, in whatever pieces: the same frames, or a clean refusal.
class FrameDecoderFuzzTest {

    private static final int ROUNDS = 2_000;

    private final List<Vectors> vectors =
            Vectors.all().stream().filter(vector -> vector.kind() == ' ').toList();

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5})
    void cutsDoNotMatter(long seed) throws Exception {
        var random = new Random(seed);
        for (int round = 0; round < ROUNDS / 10; round++) {
            var expected = new ArrayList<String>();
            var stream = stream(random, expected);
            var frames = new DecodedFrames();
            var decoder = new FrameDecoder(frames);

            while (stream.hasRemaining()) {
                int piece = Math.min(stream.remaining(), 1 + random.nextInt(1 + random.nextInt(100_000)));
                decoder.feed(stream.slice(stream.position(), piece));
                stream.position(stream.position() + piece);
            }

            assertThat(frames.words).isEqualTo(expected);
            assertThat(decoder.isBetweenFrames()).isTrue();
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5})
    void damagedFramesAreReadOrRefused(long seed) {
        var random = new Random(seed);
        for (int round = 0; round < ROUNDS; round++) {
            var bytes = vectors.get(random.nextInt(vectors.size())).bytes().clone();
            for (int damage = random.nextInt(4); damage >= 0; damage--) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
            }
            feedAnything(bytes);
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void noiseIsRefused(long seed) {
        var random = new Random(seed);
        for (int round = 0; round < ROUNDS; round++) {
            var bytes = new byte[random.nextInt(200)];
            random.nextBytes(bytes);
            feedAnything(bytes);
        }
    }

    @Test
    void anyBytesSurviveAsText() {
        var random = new Random(7);
        for (int round = 0; round < ROUNDS; round++) {
            var bytes = new byte[random.nextInt(40)];
            random.nextBytes(bytes);
            assertThat(WireText.encode(WireText.decode(bytes))).isEqualTo(bytes);
        }
        assertThat(WireText.decode("grüße 😀 �".getBytes(StandardCharsets.UTF_8))).isEqualTo("grüße 😀 �");
        assertThatThrownBy(() -> WireText.encode("\uD800")).isInstanceOf(IllegalArgumentException.class);
    }

    private static void feedAnything(byte[] bytes) {
        try {
            new FrameDecoder(new DecodedFrames()).feed(ByteBuffer.wrap(bytes));
        } catch (WireException refused) {
            assertThat(refused.reason()).isNotNull();
        }
    }

    /// Vectors and data frames of all sizes, one after the other.
    private ByteBuffer stream(Random random, List<String> expected) throws WireException {
        var out = ByteBuffer.allocate(1 << 20);
        for (int count = 1 + random.nextInt(12); count > 0; count--) {
            if (random.nextInt(4) == 0) {
                var payload = new byte[random.nextInt(Protocol.MAX_DATA + 1)];
                Arrays.fill(payload, (byte) count);
                expected.add(Words.data(FrameType.STDOUT, count, false, payload));
                out.put(Frames.data(FrameType.STDOUT, count, false, payload, 0, payload.length));
            } else {
                var vector = vectors.get(random.nextInt(vectors.size()));
                expected.add(vector.expected());
                out.put(vector.bytes());
            }
        }
        return out.flip();
    }
}
