package dev.faas.store.image.registry;

import dev.faas.core.image.ImageStore.ProgressListener;
import dev.faas.store.image.ImageStoreConfig.Registry;
import dev.faas.store.image.layout.BlobStore;
import dev.faas.store.image.layout.Descriptor;
import dev.faas.store.image.layout.Digest;
import dev.faas.store.image.layout.StoreLayout;
import dev.faas.store.image.posix.FileLock;
import dev.faas.store.image.registry.RegistryException.Kind;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;

/// Gets blobs into the store. What has arrived of one is kept in a file of its own: when the connection breaks, or this
/// process does, the next try asks for the rest only. Thread-safe; two processes get one blob once.
final class BlobDownload {

    private static final int BUFFER = 256 * 1024;
    /// A try that brings this much starts the count of failures anew; the size of the blob bounds their number.
    private static final long REAL_PROGRESS = 1 << 20;

    private final StoreLayout layout;
    private final BlobStore blobs;
    private final Registry config;

    BlobDownload(StoreLayout layout, BlobStore blobs, Registry config) {
        this.layout = layout;
        this.blobs = blobs;
        this.config = config;
    }

    /// @param step what to call it in progress reports
    void fetch(RegistryClient client, Descriptor blob, String step, ProgressListener progress)
            throws IOException, InterruptedException {
        if (blobs.contains(blob.digest())) {
            progress.progress(step, blob.size(), blob.size());
            return;
        }
        try (var _ = FileLock.exclusive(layout.lock("download-" + blob.digest().hex()))) {
            if (!blobs.contains(blob.digest())) {
                new Transfer(client, blob, step, progress).run();
            }
            Files.deleteIfExists(layout.lock("download-" + blob.digest().hex()));
        }
    }

    /// One blob's way here. Confined to one thread.
    private final class Transfer {

        private final RegistryClient client;
        private final Descriptor blob;
        private final String step;
        private final ProgressListener progress;
        private final Path partial;
        private MessageDigest hash = Digest.sha256();
        private long size;

        Transfer(RegistryClient client, Descriptor blob, String step, ProgressListener progress) {
            this.client = client;
            this.blob = blob;
            this.step = step;
            this.progress = progress;
            this.partial = layout.partial().resolve(blob.digest().hex());
        }

        void run() throws IOException, InterruptedException {
            try (var file = FileChannel.open(
                    partial, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
                takeUp(file);
                boolean resumed = size > 0;
                receiveAll(file);
                if (!isRight() && resumed) {
                    // What an earlier run left was damaged, not what the registry has.
                    startOver(file);
                    receiveAll(file);
                }
                if (!isRight()) {
                    Files.deleteIfExists(partial);
                    throw new RegistryException(
                            Kind.INVALID,
                            "the registry " + client.name().host() + " sent something else than the blob "
                                    + blob.digest() + " (wrong digest)");
                }
                file.force(true);
            }
            blobs.adopt(partial, blob.digest());
        }

        private boolean isRight() throws IOException {
            try {
                return Digest.of((MessageDigest) hash.clone()).equals(blob.digest());
            } catch (CloneNotSupportedException e) {
                throw new IOException("this Java's SHA-256 can't be copied", e);
            }
        }

        private void receiveAll(FileChannel file) throws IOException, InterruptedException {
            for (int attempt = 1; size < blob.size(); attempt++) {
                long before = size;
                try (var answer = client.blob(blob.digest(), size);
                        var body = new StallGuard(answer.body(), config.requestTimeout())) {
                    if (answer.status() != 206 && size > 0) {
                        startOver(file); // it knows no ranges and sends all of it (200), or none (416)
                        before = 0;
                    }
                    if (answer.status() != 416) {
                        receive(file, body);
                    }
                    if (size < blob.size()) {
                        throw new IOException("it ended after " + size + " of " + blob.size() + " bytes");
                    }
                } catch (RegistryException | LocalFailure e) {
                    throw e;
                } catch (IOException e) {
                    attempt = size - before >= REAL_PROGRESS ? 1 : attempt;
                    if (attempt >= config.attempts()) {
                        throw new RegistryException(
                                Kind.UNREACHABLE,
                                "the registry " + client.name().host() + " broke off while sending "
                                        + blob.digest().brief() + " of " + client.name() + ": " + e.getMessage(),
                                e);
                    }
                    client.pause(attempt + 1);
                }
            }
        }

        private void receive(FileChannel file, InputStream body) throws IOException {
            byte[] buffer = new byte[BUFFER];
            for (int count = body.read(buffer); count >= 0; count = body.read(buffer)) {
                if (size + count > blob.size()) {
                    throw new RegistryException(
                            Kind.INVALID,
                            "the registry " + client.name().host() + " sends more than the " + blob.size()
                                    + " bytes of " + blob.digest().brief());
                }
                keep(file, ByteBuffer.wrap(buffer, 0, count));
                hash.update(buffer, 0, count);
                boolean telling = size / BUFFER != (size + count) / BUFFER || size + count == blob.size();
                size += count;
                if (telling) {
                    progress.progress(step, size, blob.size());
                }
            }
        }

        private void keep(FileChannel file, ByteBuffer piece) throws LocalFailure {
            try {
                long offset = size;
                while (piece.hasRemaining()) {
                    offset += file.write(piece, offset);
                }
            } catch (IOException e) {
                throw new LocalFailure(e);
            }
        }

        private void startOver(FileChannel file) throws IOException {
            file.truncate(0);
            hash = Digest.sha256();
            size = 0;
        }

        /// Goes on where an earlier run stopped; its bytes are read again for the digest.
        private void takeUp(FileChannel file) throws IOException {
            if (file.size() > blob.size()) {
                startOver(file);
                return;
            }
            var buffer = ByteBuffer.allocate(BUFFER);
            while (file.read(buffer.clear(), size) > 0) {
                hash.update(buffer.flip());
                size += buffer.limit();
            }
        }
    }

    /// This machine's disk failed, not the registry: no use trying again.
    private static final class LocalFailure extends IOException {

        private static final long serialVersionUID = 1L;

        LocalFailure(IOException cause) {
            super(cause.getMessage(), cause);
        }
    }
}
