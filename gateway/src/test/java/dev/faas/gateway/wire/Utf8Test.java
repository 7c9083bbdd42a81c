package dev.faas.gateway.wire;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.junit.jupiter.api.Test;

/// The JDK's decoder is the judge.
class Utf8Test {

    private static final int ROUNDS = 200_000;
    private static final int[] EDGES = {
        0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xec, 0xed, 0xee, 0xef,
        0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xff
    };

    private final Random random = new Random(7);

    @Test
    void agreesWithTheDecoder() {
        for (int round = 0; round < ROUNDS; round++) {
            var bytes = randomBytes();

            assertThat(Utf8.isValid(bytes, 0, bytes.length)).as(() -> hex(bytes)).isEqualTo(isDecodable(bytes));
        }
    }

    @Test
    void findsExactlyTheCharacterThatIsCutOff() {
        var text = "aé€😀".repeat(3);
        var bytes = text.getBytes(StandardCharsets.UTF_8);
        for (int end = 0; end <= bytes.length; end++) {
            int tail = Utf8.incompleteTail(bytes, 0, end);

            assertThat(Utf8.isValid(bytes, 0, end - tail)).isTrue();
            assertThat(tail).isLessThan(4);
            assertThat(tail == 0).isEqualTo(Utf8.isValid(bytes, 0, end));
        }
    }

    /// Whatever the bytes: what is held back is never more than the beginning of one character.
    @Test
    void neverHoldsBackWhatCanNotBecomeACharacter() {
        for (int round = 0; round < ROUNDS; round++) {
            var bytes = randomBytes();
            int tail = Utf8.incompleteTail(bytes, 0, bytes.length);

            assertThat(tail).isBetween(0, Math.min(3, bytes.length));
            if (tail > 0) {
                assertThat(bytes[bytes.length - tail] & 0xff).isBetween(0xc2, 0xf4);
            }
        }
    }

    private byte[] randomBytes() {
        var bytes = new byte[random.nextInt(8)];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) EDGES[random.nextInt(EDGES.length)];
        }
        return bytes;
    }

    private static boolean isDecodable(byte[] bytes) {
        try {
            StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes));
            return true;
        } catch (CharacterCodingException e) {
            return false;
        }
    }

    private static String hex(byte[] bytes) {
        return java.util.HexFormat.of().formatHex(bytes);
    }
}
