package dev.faas.store.image.build;

import dev.faas.core.image.Image;
import dev.faas.core.image.ImageReference;
import dev.faas.core.image.ImageStore.ProgressListener;
import dev.faas.store.image.layout.Digest;
import dev.faas.store.image.layout.ImageAssembler;
import dev.faas.store.image.layout.ImageAssembler.Layer;
import dev.faas.store.image.layout.BlobStore;
import dev.faas.store.image.layout.ImageCatalog;
import dev.faas.store.image.layout.LeaseTable;
import dev.faas.store.image.layout.StoreLayout;
import dev.faas.store.image.unpack.Compression;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Builds a definition's image: one layer from packages, on top of the image it is from. Thread-safe; the caller sees
/// to it that an image is built once at a time and that what it is from is there.
public final class ImageBuilder {

    private final StoreLayout layout;
    private final BlobStore blobs;
    private final ImageCatalog catalog;
    private final ImageAssembler assembler;

    public ImageBuilder(StoreLayout layout, BlobStore blobs, ImageCatalog catalog, ImageAssembler assembler) {
        this.layout = layout;
        this.blobs = blobs;
        this.catalog = catalog;
        this.assembler = assembler;
    }

    /// @param from the image the definition adds to, leased by the caller
    public void build(
            ImageDefinition definition, Optional<Image> from, ProgressListener progress, LeaseTable.Holding holding)
            throws IOException, InterruptedException {
        Path work = Files.createDirectory(layout.temporary("build"));
        try {
            Path archive = work.resolve("root.tar");
            List<Layer> stack = new ArrayList<>();
            var config = definition.config();
            var bootstrap = new Debootstrap(work, AptSources.read(Path.of("/")));
            if (from.isEmpty()) {
                bootstrap.build(definition, Optional.empty(), archive, progress);
            } else {
                stack.addAll(layers(from.get()));
                Path base = plain(from.get(), stack, work);
                Path full = work.resolve("full.tar");
                bootstrap.build(definition, Optional.of(base), full, progress);
                try (var out = Files.newOutputStream(archive)) {
                    new LayerDiff(base, full).write(out);
                }
                config = inherit(from.get().config(), config);
            }
            progress.progress("build " + definition.name() + ": storing the layer", 0, Files.size(archive));
            stack.add(assembler.addLayer(archive, holding));
            assembler.commit(definition.name().canonical(), stack, config, Debootstrap.EPOCH, holding);
        } finally {
            StoreLayout.deleteTree(work);
        }
    }

    private List<Layer> layers(Image image) throws IOException {
        var manifest = catalog.manifest(new Digest(image.digest()));
        var diffIds = catalog.settings(manifest).diffIds();
        List<Layer> layers = new ArrayList<>();
        for (int i = 0; i < diffIds.size(); i++) {
            layers.add(new Layer(diffIds.get(i), manifest.layers().get(i)));
        }
        return layers;
    }

    /// The archive of the image to start from. It is one whole root file system: definitions nest one deep.
    private Path plain(Image from, List<Layer> stack, Path work) throws IOException {
        if (stack.size() != 1) {
            ImageReference name = from.reference();
            throw new IOException("a definition can add to an image of one layer only; " + name + " has "
                    + stack.size());
        }
        Path base = work.resolve("base.tar");
        try (var in = Compression.decompress(blobs.open(stack.getFirst().blob().digest()))) {
            Files.copy(in, base);
        }
        return base;
    }

    private static Image.Config inherit(Image.Config base, Image.Config own) {
        Map<String, String> env = new HashMap<>(base.env());
        env.putAll(own.env());
        return new Image.Config(
                env,
                own.workingDir(),
                own.user().isEmpty() ? base.user() : own.user(),
                base.entrypoint(),
                own.command().isEmpty() ? base.command() : own.command());
    }
}
