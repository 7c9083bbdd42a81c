package dev.faas.gateway.wire;

/// Looks at bytes without decoding them. Overlong forms, surrogates and code points beyond U+10FFFF are not UTF-8.
public final class Utf8 {

    private static final int MAX_SEQUENCE = 4;

    private Utf8() {}

    public static boolean isValid(byte[] bytes, int from, int to) {
        int at = from;
        while (at < to) {
            if (bytes[at] >= 0) {
                at++;
                continue;
            }
            int length = sequenceLength(bytes, at, to);
            if (length <= 0) {
                return false;
            }
            at += length;
        }
        return true;
    }

    /// How many bytes at the end may be the beginning of a character whose rest is still to come: 0 to 3.
    public static int incompleteTail(byte[] bytes, int from, int to) {
        for (int back = 1; back < MAX_SEQUENCE && to - back >= from; back++) {
            int lead = bytes[to - back] & 0xff;
            if (lead >= 0xc2 && lead <= 0xf4) {
                return sequenceLength(bytes, to - back, to) == 0 ? back : 0;
            }
            if ((lead & 0xc0) != 0x80) {
                return 0;
            }
        }
        return 0;
    }

    /// Length of the multi-byte character that starts here; 0 if it is right so far but cut off; -1 if it is wrong.
    private static int sequenceLength(byte[] bytes, int at, int to) {
        int lead = bytes[at] & 0xff;
        if (lead < 0xc2 || lead > 0xf4) {
            return -1;
        }
        int length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
        if (at + 1 < to && !isSecondByte(lead, bytes[at + 1] & 0xff)) {
            return -1;
        }
        for (int i = 2; i < length && at + i < to; i++) {
            if ((bytes[at + i] & 0xc0) != 0x80) {
                return -1;
            }
        }
        return at + length <= to ? length : 0;
    }

    /// The second byte's range is narrower after the leads that could start overlong forms, surrogates or too large
    /// code points.
    private static boolean isSecondByte(int lead, int second) {
        int low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
        int high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
        return second >= low && second <= high;
    }
}
