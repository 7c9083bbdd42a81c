package dev.faas.store.image.archive;

import dev.faas.core.image.Image;
import dev.faas.store.image.layout.BlobStore;
import dev.faas.store.image.layout.Digest;
import dev.faas.store.image.layout.Documents;
import dev.faas.store.image.layout.ImageCatalog;
import dev.faas.store.image.layout.LayerStore;
import dev.faas.store.image.unpack.Compression;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;

/// Writes an image as `docker save` does, with plain layers: engines of any age load that. Thread-safe.
public final class ArchiveExporter {

    private final ImageCatalog catalog;
    private final BlobStore blobs;
    private final LayerStore layers;

    public ArchiveExporter(ImageCatalog catalog, BlobStore blobs, LayerStore layers) {
        this.catalog = catalog;
        this.blobs = blobs;
        this.layers = layers;
    }

    /// @param image leased by the caller; `target` stays open
    public void export(Image image, OutputStream target) throws IOException {
        var manifest = catalog.manifest(new Digest(image.digest()));
        var settings = catalog.settings(manifest);
        var out = new TarArchiveOutputStream(target, StandardCharsets.UTF_8.name());
        out.setBigNumberMode(TarArchiveOutputStream.BIGNUMBER_POSIX);
        var list = Documents.array();
        var entry = list.addObject();
        String config = manifest.config().digest().hex() + ".json";
        entry.put("Config", config);
        var tags = entry.putArray("RepoTags");
        if (!image.reference().isPinned()) {
            tags.add(image.reference().canonical());
        }
        var names = entry.putArray("Layers");
        file(out, config, blobs.size(manifest.config().digest()), blobs.open(manifest.config().digest()));
        for (int i = 0; i < settings.diffIds().size(); i++) {
            var diffId = settings.diffIds().get(i);
            String name = diffId.hex() + "/layer.tar";
            if (settings.diffIds().indexOf(diffId) == i) {
                long size = layers.facts(diffId)
                        .orElseThrow(() -> new IOException("the layer " + diffId.brief() + " is gone"))
                        .archiveBytes();
                var blob = manifest.layers().get(i).digest();
                file(out, name, size, Compression.decompress(blobs.open(blob)));
            }
            names.add(name);
        }
        byte[] document = Documents.write(list);
        file(out, "manifest.json", document.length, new ByteArrayInputStream(document));
        out.finish();
        out.flush();
    }

    private static void file(TarArchiveOutputStream out, String name, long size, InputStream content)
            throws IOException {
        try (content) {
            var entry = new TarArchiveEntry(name);
            entry.setSize(size);
            entry.setModTime(0);
            out.putArchiveEntry(entry);
            content.transferTo(out);
            out.closeArchiveEntry();
        }
    }
}
