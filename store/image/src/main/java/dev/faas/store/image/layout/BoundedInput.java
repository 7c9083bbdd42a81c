package dev.faas.store.image.layout;

import dev.faas.store.image.UnpackLimits;
import dev.faas.store.image.unpack.UnsafeArchiveException;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;

/// Ends a decompression bomb: an archive that goes on for longer than its files and their headers can need.
final class BoundedInput extends FilterInputStream {

    /// A header, its PAX records and padding; what an honest entry needs beside its content.
    private static final long ENTRY_OVERHEAD = 2048;

    private final long limit;
    private long count;

    BoundedInput(InputStream source, UnpackLimits limits) {
        super(source);
        this.limit = limits.layerBytes() + ENTRY_OVERHEAD * limits.layerEntries();
    }

    /// Bytes read so far.
    long count() {
        return count;
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
        int read = in.read(target, offset, length);
        if (read > 0) {
            count += read;
            if (count > limit) {
                throw new UnsafeArchiveException("a layer's archive is longer than " + limit + " bytes");
            }
        }
        return read;
    }

    @Override
    public long skip(long count) throws IOException {
        byte[] dropped = new byte[Math.clamp(count, 0, 8192)];
        return Math.max(0, read(dropped, 0, dropped.length));
    }

    @Override
    public boolean markSupported() {
        return false;
    }
}
