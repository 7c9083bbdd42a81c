package dev.faas.store.image.layout;

import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;

/// `blobs/sha256`: immutable bytes under their own digest. A blob appears whole, verified and synced, or not at all.
/// Thread-safe.
public final class BlobStore {

    private final StoreLayout layout;

    public BlobStore(StoreLayout layout) {
        this.layout = layout;
    }

    public boolean contains(Digest digest) {
        return Files.exists(layout.blob(digest));
    }

    public InputStream open(Digest digest) throws IOException {
        return Files.newInputStream(layout.blob(digest));
    }

    public long size(Digest digest) throws IOException {
        return Files.size(layout.blob(digest));
    }

    /// A small document, checked against its name: what is on disk may have been changed by somebody else.
    public byte[] read(Digest digest, int maxBytes) throws IOException {
        byte[] content;
        try (var in = open(digest)) {
            content = in.readNBytes(maxBytes + 1);
        }
        if (content.length > maxBytes) {
            throw new IOException("the document " + digest.brief() + " is larger than " + maxBytes + " bytes");
        }
        if (!Digest.of(content).equals(digest)) {
            throw new IOException("the document " + digest.brief() + " on disk is damaged");
        }
        return content;
    }

    /// Stores a small document under its digest, held from before it is there.
    public Digest put(byte[] content, LeaseTable.Holding holding) throws IOException, InterruptedException {
        var digest = Digest.of(content);
        holding.hold(digest);
        if (!contains(digest)) {
            layout.replace(layout.blob(digest), content);
        }
        return digest;
    }

    /// A blob being written whose digest is found on the way.
    public NewBlob create() throws IOException {
        return new NewBlob(layout.temporary("blob"));
    }

    /// Moves a complete, synced file, whose digest the caller has verified, into the store.
    public void adopt(Path file, Digest digest) throws IOException {
        layout.rename(file, layout.blob(digest));
    }

    /// Moves a file whose digest the caller has verified into the store after syncing it.
    public void take(Path file, Digest digest) throws IOException {
        try (var channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            channel.force(true);
        }
        adopt(file, digest);
    }

    /// Written to a file of its own and named at [#commit]; closing it without that forgets it. Confined to one thread.
    public final class NewBlob extends FilterOutputStream {

        private final Path file;
        private final FileChannel channel;
        private final MessageDigest hash = Digest.sha256();
        private long size;

        private NewBlob(Path file) throws IOException {
            this(file, FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE));
        }

        private NewBlob(Path file, FileChannel channel) {
            OutputStream stream = Channels.newOutputStream(channel);
            super(stream);
            this.file = file;
            this.channel = channel;
        }

        @Override
        public void write(int b) throws IOException {
            write(new byte[] {(byte) b}, 0, 1);
        }

        @Override
        public void write(byte[] source, int offset, int length) throws IOException {
            out.write(source, offset, length);
            hash.update(source, offset, length);
            size += length;
        }

        public long size() {
            return size;
        }

        /// Syncs the bytes and gives them their name, held from before they are there.
        public Digest commit(LeaseTable.Holding holding) throws IOException, InterruptedException {
            channel.force(true);
            out.close();
            var digest = Digest.of(hash);
            holding.hold(digest);
            if (contains(digest)) {
                Files.deleteIfExists(file);
            } else {
                adopt(file, digest);
            }
            return digest;
        }

        @Override
        public void close() throws IOException {
            out.close();
            Files.deleteIfExists(file);
        }
    }
}
