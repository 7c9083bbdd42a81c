package dev.faas.e2e;

import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;

/// Bytes that don't repeat in step with any buffer, without holding them. Confined to one thread.
final class Noise extends InputStream {

    private static final int PIECE = 64 * 1024;

    private final long size;
    private long at;

    Noise(long size) {
        this.size = size;
    }

    static boolean matches(InputStream stream, long size) throws IOException {
        var expected = new Noise(size);
        for (long done = 0; done < size; ) {
            var wanted = expected.readNBytes(PIECE);
            if (!Arrays.equals(stream.readNBytes(wanted.length), wanted)) {
                return false;
            }
            done += wanted.length;
        }
        return stream.read() < 0;
    }

    @Override
    public int read() {
        return at >= size ? -1 : octet(at++) & 0xff;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) {
        if (at >= size) {
            return -1;
        }
        int count = (int) Math.min(length, size - at);
        for (int i = 0; i < count; i++) {
            bytes[offset + i] = octet(at++);
        }
        return count;
    }

    private static byte octet(long position) {
        return (byte) (position * 31 + (position >>> 13));
    }
}
