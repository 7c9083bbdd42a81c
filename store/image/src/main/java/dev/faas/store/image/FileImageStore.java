package dev.faas.store.image;

import dev.faas.core.common.ErrorCode;
import dev.faas.core.common.PlatformException;
import dev.faas.core.image.Image;
import dev.faas.core.image.ImageReference;
import dev.faas.core.image.ImageStore;
import dev.faas.store.image.build.ImageBuilder;
import dev.faas.store.image.build.ImageDefinition;
import dev.faas.store.image.build.ImageDefinitions;
import dev.faas.store.image.layout.BlobStore;
import dev.faas.store.image.layout.Digest;
import dev.faas.store.image.layout.GarbageCollector;
import dev.faas.store.image.layout.ImageAssembler;
import dev.faas.store.image.layout.ImageCatalog;
import dev.faas.store.image.layout.ImageIndex;
import dev.faas.store.image.layout.LayerStore;
import dev.faas.store.image.layout.LeaseTable;
import dev.faas.store.image.layout.StoreLayout;
import dev.faas.store.image.posix.FileLock;
import dev.faas.store.image.unpack.Ownership;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Collection;
import java.util.List;
import java.util.Optional;

/// Images in a directory of this machine (see [StoreLayout]). Thread-safe, and safe for several processes on one
/// directory. Needs Linux.
public final class FileImageStore implements ImageStore, AutoCloseable {

    private final StoreLayout layout;
    private final ImageIndex index;
    private final ImageCatalog catalog;
    private final LeaseTable leases;
    private final GarbageCollector collector;
    private final ImageDefinitions definitions;
    private final ImageBuilder builder;
    private final SingleFlight<Image> flights = new SingleFlight<>();

    /// Opens the store, making its directory if needed and clearing up after processes that died.
    ///
    /// @throws PlatformException `STORE_UNAVAILABLE` when the directory can't be used
    public static FileImageStore open(ImageStoreConfig config) {
        return Failures.translate("open the image store in " + config.directory(), () -> new FileImageStore(config));
    }

    private FileImageStore(ImageStoreConfig config) throws IOException, InterruptedException {
        this.definitions = ImageDefinitions.load(config.definitions());
        this.layout = new StoreLayout(config.directory(), config.uidBase());
        var blobs = new BlobStore(layout);
        var layers = new LayerStore(layout, Ownership.here(config.uidBase(), config.ids()), config.unpack());
        this.index = new ImageIndex(layout);
        this.catalog = new ImageCatalog(layout, index, blobs, layers, config.unpack());
        this.leases = new LeaseTable(layout);
        this.collector = new GarbageCollector(layout, index, catalog, layers, leases);
        var assembler = new ImageAssembler(blobs, layers, index, Clock.systemUTC());
        this.builder = new ImageBuilder(layout, blobs, catalog, assembler);
    }

    @Override
    public Optional<Image> find(ImageReference reference) {
        return Failures.translate("look for " + reference, () -> catalog.find(reference));
    }

    @Override
    public Image require(ImageReference reference, ProgressListener progress) {
        var found = find(reference);
        if (found.isPresent()) {
            return found.get();
        }
        return Failures.translate("get " + reference, () -> single(reference, progress, listener -> {
            var definition = definitions.find(reference);
            if (definition.isEmpty()) {
                throw missing(reference);
            }
            return make(definition.get(), listener);
        }));
    }

    /// The images [#build] knows how to make.
    public Collection<ImageDefinition> definitions() {
        return definitions.all();
    }

    @Override
    public ImageLease lease(Image image) {
        var holding = leases.holding();
        boolean complete = false;
        try {
            complete = Failures.translate("lease " + image.reference(), () -> holdAll(image, holding));
        } finally {
            if (!complete) {
                holding.close();
            }
        }
        if (!complete) {
            catalog.refresh();
            throw missing(image.reference());
        }
        return holding::close;
    }

    @Override
    public List<Image> list() {
        return Failures.translate("list the images", catalog::list);
    }

    @Override
    public boolean remove(ImageReference reference) {
        boolean removed = Failures.translate("remove " + reference, () -> index.remove(reference.canonical()));
        catalog.refresh();
        return removed;
    }

    @Override
    public PruneResult prune() {
        return Failures.translate("prune the images", collector::collect);
    }

    @Override
    public void export(Image image, OutputStream target) throws IOException {
        throw new IOException("exporting " + image.reference());
    }

    @Override
    public void close() {
        layout.close();
    }

    /// One making of an image at a time, in this process and all others, and none if somebody else has made it meanwhile.
    private Image single(ImageReference reference, ProgressListener progress, SingleFlight.Work<Image> work)
            throws Exception {
        return flights.run(reference.canonical(), progress, listener -> {
            String name = Digest.of(reference.canonical().getBytes(StandardCharsets.UTF_8)).hex();
            try (var _ = FileLock.exclusive(layout.lock("image-" + name))) {
                catalog.refresh();
                var found = catalog.find(reference);
                return found.isPresent() ? found.get() : work.make(listener);
            }
        });
    }

    private Image make(ImageDefinition definition, ProgressListener progress) throws Exception {
        Optional<Image> from = definition.from().map(base -> require(base, progress));
        try (var holding = leases.holding()) {
            if (from.isPresent() && !holdAll(from.get(), holding)) {
                throw missing(from.get().reference());
            }
            builder.build(definition, from, progress, holding);
            catalog.refresh();
            return catalog.find(definition.name()).orElseThrow(() -> missing(definition.name()));
        }
    }

    /// @return false when a layer has been deleted
    private static boolean holdAll(Image image, LeaseTable.Holding holding) throws IOException, InterruptedException {
        for (Path root : image.layers()) {
            Path layer = root.getParent();
            holding.hold(Digest.ofHex(layer.getFileName().toString()));
            if (!Files.isDirectory(layer)) {
                return false;
            }
        }
        return true;
    }

    private PlatformException missing(ImageReference reference) {
        var here = list().stream().map(image -> image.reference().value()).toList();
        var buildable = definitions.all().stream().map(definition -> definition.name().value()).toList();
        return new PlatformException(
                ErrorCode.IMAGE_NOT_FOUND,
                "there is no image '" + reference + "' on this machine; here: "
                        + (here.isEmpty() ? "none" : String.join(", ", here))
                        + "; can be built: " + String.join(", ", buildable));
    }
}
