package dev.faas.core.common;

import java.security.SecureRandom;
import java.time.Clock;
import java.util.random.RandomGenerator;

/// Makes ids that sort by creation time: a prefix, then 48 bits of milliseconds and 80 random bits in
/// lower-case Crockford base 32 (26 characters). Thread-safe if the generator is.
public final class Ids {

    private static final char[] ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz".toCharArray();
    private static final int TIME_CHARS = 10;
    private static final int RANDOM_CHARS = 16;

    private final Clock clock;
    private final RandomGenerator random;

    public Ids(Clock clock, RandomGenerator random) {
        this.clock = clock;
        this.random = random;
    }

    /// Ids from the system clock and a cryptographically strong generator: they can't be guessed.
    public static Ids secure() {
        return new Ids(Clock.systemUTC(), new SecureRandom());
    }

    /// A new id, such as `exe_01k2…` for the prefix `exe`.
    public String next(String prefix) {
        var id = new StringBuilder(prefix.length() + 1 + TIME_CHARS + RANDOM_CHARS).append(prefix).append('_');
        long time = clock.millis();
        for (int shift = 5 * (TIME_CHARS - 1); shift >= 0; shift -= 5) {
            id.append(ALPHABET[(int) (time >>> shift) & 31]);
        }
        appendRandom(id);
        appendRandom(id);
        return id.toString();
    }

    private void appendRandom(StringBuilder id) {
        long bits = random.nextLong();
        for (int i = 0; i < RANDOM_CHARS / 2; i++) {
            id.append(ALPHABET[(int) (bits >>> (5 * i)) & 31]);
        }
    }
}
