package dev.faas.store.image.layout;

import dev.faas.core.image.ImageStore.PruneResult;
import dev.faas.store.image.posix.FileLock;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Deletes what nobody needs. While it works no name can change (it holds the index's lock), and what is being used or
/// made is leased: the rest is garbage. Thread-safe.
public final class GarbageCollector {

    private static final Logger LOG = LoggerFactory.getLogger(GarbageCollector.class);

    private final StoreLayout layout;
    private final ImageIndex index;
    private final ImageCatalog catalog;
    private final LayerStore layers;
    private final LeaseTable leases;

    public GarbageCollector(
            StoreLayout layout, ImageIndex index, ImageCatalog catalog, LayerStore layers, LeaseTable leases) {
        this.layout = layout;
        this.index = index;
        this.catalog = catalog;
        this.layers = layers;
        this.leases = leases;
    }

    public PruneResult collect() throws IOException, InterruptedException {
        try (var _ = FileLock.exclusive(layout.lock("index"))) {
            var needed = needed();
            int count = 0;
            long bytes = 0;
            for (var diffId : names(layout.layers())) {
                if (!needed.contains(diffId)) {
                    long size = layers.facts(diffId).map(LayerStore.LayerFacts::bytes).orElse(0L);
                    if (delete(diffId, layout.layer(diffId))) {
                        count++;
                        bytes += size;
                    }
                }
            }
            for (var directory : List.of(layout.blobs(), layout.partial())) {
                for (var digest : names(directory)) {
                    if (!needed.contains(digest)) {
                        Path file = directory.resolve(digest.hex());
                        long size = Files.size(file);
                        bytes += delete(digest, file) ? size : 0;
                    }
                }
            }
            LOG.info("images pruned layers={} bytes={}", count, bytes);
            return new PruneResult(count, bytes);
        }
    }

    /// Everything a name leads to. A name whose documents are damaged keeps what can still be read.
    private Set<Digest> needed() throws IOException {
        Set<Digest> needed = new HashSet<>();
        for (var entry : index.entries()) {
            needed.add(entry.manifest());
            try {
                var manifest = catalog.manifest(entry.manifest());
                needed.add(manifest.config().digest());
                manifest.layers().forEach(layer -> needed.add(layer.digest()));
                needed.addAll(catalog.settings(manifest).diffIds());
            } catch (NoSuchFileException e) {
                LOG.warn("an image is incomplete image={} missing={}", entry.name(), e.getMessage());
            }
        }
        return needed;
    }

    private boolean delete(Digest digest, Path target) throws IOException {
        var claim = leases.tryClaim(digest);
        if (claim.isEmpty()) {
            return false;
        }
        try (var _ = claim.get()) {
            // Renamed away first: whoever looks sees all of it or nothing.
            Path doomed = layout.temporary("garbage");
            Files.move(target, doomed);
            StoreLayout.deleteTree(doomed);
            for (String kind : List.of("unpack-", "lease-")) {
                Files.deleteIfExists(layout.lock(kind + digest.hex()));
            }
            return true;
        } catch (NoSuchFileException e) {
            return false;
        }
    }

    private static List<Digest> names(Path directory) throws IOException {
        List<Digest> digests = new ArrayList<>();
        try (var files = Files.newDirectoryStream(directory)) {
            for (Path file : files) {
                digests.add(Digest.ofHex(file.getFileName().toString()));
            }
        }
        return digests;
    }
}
