package dev.faas.store.image.layout;

import com.github.luben.zstd.ZstdOutputStream;
import dev.faas.core.image.Image;
import dev.faas.store.image.layout.Documents.ImageSettings;
import dev.faas.store.image.layout.Documents.Manifest;
import dev.faas.store.image.layout.ImageIndex.Entry;
import dev.faas.store.image.unpack.Compression;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestOutputStream;
import java.time.Clock;
import java.time.Instant;
import java.util.List;

/// Makes images out of layers that are on this machine and puts them under a name. Thread-safe.
public final class ImageAssembler {

    /// The level at which the disk, not the processor, is what one waits for.
    private static final int ZSTD_LEVEL = 1;

    private final BlobStore blobs;
    private final LayerStore layers;
    private final ImageIndex index;
    private final Clock clock;

    public ImageAssembler(BlobStore blobs, LayerStore layers, ImageIndex index, Clock clock) {
        this.blobs = blobs;
        this.layers = layers;
        this.index = index;
        this.clock = clock;
    }

    /// Keeps a layer's archive, compressed, and unpacks it.
    public Layer addLayer(Path archive, LeaseTable.Holding holding) throws IOException, InterruptedException {
        var plain = Digest.sha256();
        Descriptor descriptor;
        try (var blob = blobs.create()) {
            try (InputStream in = Compression.decompress(Files.newInputStream(archive));
                    var compressed = new ZstdOutputStream(new Uncloseable(blob), ZSTD_LEVEL);
                    var out = new DigestOutputStream(compressed, plain)) {
                in.transferTo(out);
            }
            long size = blob.size();
            descriptor = Descriptor.of(MediaTypes.OCI_LAYER_ZSTD, blob.commit(holding), size);
        }
        var diffId = Digest.of(plain);
        holding.hold(diffId);
        layers.unpack(diffId, () -> Files.newInputStream(archive));
        return new Layer(diffId, descriptor);
    }

    /// Puts an image of these layers, lowest first, under a name.
    ///
    /// @param created the time the image says it was made; fixed for a reproducible one
    public void commit(String name, List<Layer> stack, Image.Config config, Instant created, LeaseTable.Holding holding)
            throws IOException, InterruptedException {
        var settings = new ImageSettings(
                stack.stream().map(Layer::diffId).toList(), Platform.here(), config);
        byte[] document = Documents.settings(settings, created);
        var configuration = Descriptor.of(MediaTypes.OCI_CONFIG, blobs.put(document, holding), document.length);
        byte[] manifest = Documents.manifest(
                new Manifest(configuration, stack.stream().map(Layer::blob).toList()));
        commit(name, MediaTypes.OCI_MANIFEST, manifest, holding);
    }

    /// Puts an image whose blobs and layers are all here under a name.
    public void commit(String name, String mediaType, byte[] manifest, LeaseTable.Holding holding)
            throws IOException, InterruptedException {
        var digest = blobs.put(manifest, holding);
        index.put(new Entry(name, mediaType, digest, manifest.length, clock.instant()));
    }

    /// A layer in the store.
    ///
    /// @param diffId of its uncompressed archive
    /// @param blob   its compressed archive
    public record Layer(Digest diffId, Descriptor blob) {}

    /// Lets a compressor finish without closing the blob it writes to.
    private static final class Uncloseable extends FilterOutputStream {
        Uncloseable(OutputStream target) {
            super(target);
        }

        @Override
        public void write(byte[] source, int offset, int length) throws IOException {
            out.write(source, offset, length);
        }

        @Override
        public void close() throws IOException {
            out.flush();
        }
    }
}
