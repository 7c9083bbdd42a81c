package dev.faas.store.image.layout;

import dev.faas.store.image.UnpackLimits;
import dev.faas.store.image.posix.FileLock;
import dev.faas.store.image.posix.Posix;
import dev.faas.store.image.unpack.Compression;
import dev.faas.store.image.unpack.LayerUnpacker;
import dev.faas.store.image.unpack.Ownership;
import dev.faas.store.image.unpack.UnsafeArchiveException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// `layers/`: each layer unpacked once, read-only, under the digest of its uncompressed archive. A layer is unpacked in
/// the work directory, verified, synced and then renamed into place: whoever sees it sees all of it. Thread-safe, and
/// safe for several processes.
public final class LayerStore {

    private static final Logger LOG = LoggerFactory.getLogger(LayerStore.class);
    private static final String ROOT = "root";
    private static final String FACTS = "layer.json";
    private static final int MAX_FACTS_BYTES = 4096;

    private final StoreLayout layout;
    private final Ownership ownership;
    private final UnpackLimits limits;

    public LayerStore(StoreLayout layout, Ownership ownership, UnpackLimits limits) {
        this.layout = layout;
        this.ownership = ownership;
        this.limits = limits;
    }

    public boolean contains(Digest diffId) {
        return Files.exists(layout.layer(diffId));
    }

    /// The layer's root directory, to be mounted.
    public Path root(Digest diffId) {
        return layout.layer(diffId).resolve(ROOT);
    }

    /// What is known of an unpacked layer; empty when it isn't here.
    public Optional<LayerFacts> facts(Digest diffId) throws IOException {
        try (var in = Files.newInputStream(layout.layer(diffId).resolve(FACTS))) {
            var facts = Documents.parse(in.readNBytes(MAX_FACTS_BYTES));
            return Optional.of(new LayerFacts(
                    facts.path("bytes").asLong(0), facts.path("archive_bytes").asLong(0)));
        } catch (NoSuchFileException e) {
            return Optional.empty();
        }
    }

    /// Unpacks a layer unless it is there; two processes that want the same one unpack it once.
    ///
    /// @param archive opened when needed: the layer's archive, compressed or not
    /// @throws UnsafeArchiveException when the archive isn't what the digest says, or is malformed, too large or
    ///                                hostile
    public void unpack(Digest diffId, Archive archive) throws IOException, InterruptedException {
        if (contains(diffId)) {
            return;
        }
        try (var _ = FileLock.exclusive(layout.lock("unpack-" + diffId.hex()))) {
            if (!contains(diffId)) {
                unpackAndPlace(diffId, archive);
            }
        }
    }

    private void unpackAndPlace(Digest diffId, Archive archive) throws IOException {
        Path temporary = layout.temporary("layer");
        Path root = temporary.resolve(ROOT);
        Files.createDirectories(root);
        boolean placed = false;
        try (var compressed = archive.open();
                var bounded = new BoundedInput(Compression.decompress(compressed), limits);
                var plain = new DigestInputStream(bounded, Digest.sha256())) {
            prepareRoot(root);
            var result = new LayerUnpacker(root, ownership, limits).unpack(plain);
            plain.transferTo(OutputStream.nullOutputStream());
            var found = Digest.of(plain.getMessageDigest());
            if (!found.equals(diffId)) {
                throw new UnsafeArchiveException(
                        "the layer's content has the digest " + found + " instead of " + diffId);
            }
            var facts = Documents.object();
            facts.put("bytes", result.bytes())
                    .put("entries", result.entries())
                    .put("archive_bytes", bounded.count());
            layout.replace(temporary.resolve(FACTS), Documents.write(facts));
            layout.rename(temporary, layout.layer(diffId));
            placed = true;
            LOG.info("layer unpacked layer={} bytes={} entries={} skipped_devices={}",
                    diffId.brief(), result.bytes(), result.entries(), result.skippedDevices());
        } finally {
            if (!placed) {
                StoreLayout.deleteTree(temporary);
            }
        }
    }

    /// A layer without an entry for its root gets the usual attributes.
    private void prepareRoot(Path root) throws IOException {
        try (var posix = new Posix()) {
            int descriptor = posix.open(root.toString(), Posix.O_RDONLY | Posix.O_DIRECTORY, 0);
            try {
                if (ownership.keep()) {
                    posix.chown(descriptor, ownership.base(), ownership.base());
                }
                posix.chmod(descriptor, 0755);
            } finally {
                posix.close(descriptor);
            }
        }
    }

    /// @param bytes        of the unpacked files
    /// @param archiveBytes of the uncompressed archive
    public record LayerFacts(long bytes, long archiveBytes) {}

    /// Opens a layer's archive.
    @FunctionalInterface
    public interface Archive {
        InputStream open() throws IOException;
    }
}
