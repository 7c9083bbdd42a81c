package dev.faas.store.image.unpack;

import com.github.luben.zstd.ZstdInputStream;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import org.apache.commons.compress.compressors.gzip.GzipCompressorInputStream;

/// What an archive is wrapped in, told by its first bytes: media types and file names lie.
public enum Compression {
    NONE,
    GZIP,
    ZSTD;

    private static final int BUFFER = 128 * 1024;
    private static final int MAGIC_BYTES = 4;

    /// Looks ahead without consuming; the stream must support marks.
    static Compression of(InputStream marked) throws IOException {
        marked.mark(MAGIC_BYTES);
        byte[] head = marked.readNBytes(MAGIC_BYTES);
        marked.reset();
        if (head.length >= 2 && head[0] == 0x1F && (head[1] & 0xFF) == 0x8B) {
            return GZIP;
        }
        boolean zstd = head.length == MAGIC_BYTES
                && head[0] == 0x28
                && (head[1] & 0xFF) == 0xB5
                && head[2] == 0x2F
                && (head[3] & 0xFF) == 0xFD;
        return zstd ? ZSTD : NONE;
    }

    /// The plain bytes, whatever `source` is wrapped in.
    public static InputStream decompress(InputStream source) throws IOException {
        var buffered = new BufferedInputStream(source, BUFFER);
        return switch (of(buffered)) {
            case NONE -> buffered;
            // The JDK's own class ends at the first of several members when its source has no bytes ready.
            case GZIP -> new BufferedInputStream(
                    GzipCompressorInputStream.builder()
                            .setInputStream(buffered)
                            .setDecompressConcatenated(true)
                            .get(),
                    BUFFER);
            case ZSTD -> new BufferedInputStream(new ZstdInputStream(buffered), BUFFER);
        };
    }
}
