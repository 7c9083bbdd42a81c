package dev.faas.store.image.unpack;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.jspecify.annotations.Nullable;

/// Reads a stranger's archive entry by entry. Commons Compress keeps long names and extended headers in memory, however
/// long an archive says they are; here they have a limit. Whatever is malformed is an [UnsafeArchiveException].
/// Confined to one thread.
public final class TarReader implements AutoCloseable {

    /// Names, links and attributes of one entry. The kernel's limits for these add up to less.
    static final long METADATA_BYTES = 1 << 20;

    private static final int BLOCK = 512;

    private final Budget budget;
    private final TarArchiveInputStream tar;
    private long unread;

    public TarReader(InputStream archive) {
        this.budget = new Budget(archive);
        this.tar = new TarArchiveInputStream(budget, StandardCharsets.UTF_8.name());
    }

    /// The next entry, past what is left of the one before; null at the end.
    public @Nullable TarArchiveEntry next() throws IOException {
        budget.left = unread + METADATA_BYTES;
        try {
            var entry = tar.getNextEntry();
            unread = entry == null ? 0 : entry.getSize() + BLOCK;
            return entry;
        } catch (UnsafeArchiveException e) {
            throw e;
        } catch (IOException | IllegalArgumentException e) {
            throw new UnsafeArchiveException("the archive is no tar file, or is damaged: " + e.getMessage(), e);
        } finally {
            budget.left = Long.MAX_VALUE;
        }
    }

    /// The content of the entry [#next] gave.
    public InputStream content() {
        return tar;
    }

    @Override
    public void close() throws IOException {
        tar.close();
    }

    /// Counts what is read between two entries.
    private static final class Budget extends FilterInputStream {

        private long left = Long.MAX_VALUE;

        Budget(InputStream source) {
            super(source);
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
        }

        @Override
        public int read(byte[] target, int offset, int length) throws IOException {
            int count = in.read(target, offset, length);
            if (count > 0 && (left -= count) < 0) {
                throw new UnsafeArchiveException("an entry's names and attributes have more than " + METADATA_BYTES
                        + " bytes");
            }
            return count;
        }

        /// Skipping keeps nothing in memory: it is not counted.
        @Override
        public long skip(long count) throws IOException {
            return in.skip(count);
        }

        @Override
        public boolean markSupported() {
            return false;
        }
    }
}
