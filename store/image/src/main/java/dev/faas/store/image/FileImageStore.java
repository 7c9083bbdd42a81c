package dev.faas.store.image;

import dev.faas.core.common.ErrorCode;
import dev.faas.core.common.PlatformException;
import dev.faas.core.image.Image;
import dev.faas.core.image.ImageReference;
import dev.faas.core.image.ImageStore;
import dev.faas.store.image.archive.ArchiveExporter;
import dev.faas.store.image.archive.ArchiveImporter;
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
import dev.faas.store.image.registry.ImagePuller;
import dev.faas.store.image.registry.RegistryException;
import dev.faas.store.image.unpack.Ownership;
import dev.faas.store.image.unpack.UnsafeArchiveException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
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
    private final ImagePuller puller;
    private final ArchiveImporter importer;
    private final ArchiveExporter exporter;
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
        this.puller = new ImagePuller(config, layout, blobs, layers, assembler);
        this.importer = new ArchiveImporter(layout, blobs, layers, assembler, config.unpack());
        this.exporter = new ArchiveExporter(catalog, blobs, layers);
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
        return Failures.translate("get " + reference, () -> single(reference, true, progress, listener -> {
            var definition = definitions.find(reference);
            return definition.isPresent() ? make(definition.get(), listener) : fetch(reference, listener);
        }));
    }

    /// Asks the registry for the image even if one of that name is here: a tag may stand for another one by now.
    ///
    /// @throws PlatformException `IMAGE_NOT_FOUND` when the registry has no such image or refuses it,
    ///     `IMAGE_PULL_FAILED` when the registry can't be reached or sends something else
    public Image pull(ImageReference reference, ProgressListener progress) {
        return Failures.translate(
                "pull " + reference,
                () -> single(reference, false, progress, listener -> fetch(reference, listener)));
    }

    /// Builds a base image anew, from the packages of today.
    ///
    /// @throws PlatformException `IMAGE_NOT_FOUND` when there is no such definition
    public Image build(ImageReference reference, ProgressListener progress) {
        var definition = definitions.find(reference).orElseThrow(() -> missing(reference, "it has no definition"));
        return Failures.translate(
                "build " + reference, () -> single(reference, false, progress, listener -> make(definition, listener)));
    }

    /// Takes the images out of a file: `docker save`, an OCI layout or a root file system, as tar, tar.gz or tar.zst.
    ///
    /// @param name instead of what the archive calls its only image; a root file system needs one
    public List<Image> importArchive(Path archive, Optional<ImageReference> name, ProgressListener progress) {
        return Failures.translate("import " + archive, () -> load(archive, name, progress));
    }

    /// As [#importArchive(Path, Optional, ProgressListener)], from a stream that is read to its end and left open.
    public List<Image> importArchive(InputStream archive, Optional<ImageReference> name, ProgressListener progress) {
        return Failures.translate("import an archive", () -> {
            Path file = layout.temporary("archive");
            try {
                Files.copy(archive, file);
                return load(file, name, progress);
            } finally {
                Files.deleteIfExists(file);
            }
        });
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
            throw missing(image.reference(), "its layers have been deleted");
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
        try (var _ = lease(image);
                var blobs = leases.holding()) {
            catalog.manifest(new Digest(image.digest())).layers().forEach(layer -> hold(blobs, layer.digest()));
            exporter.export(image, target);
        }
    }

    @Override
    public void close() {
        puller.close();
        layout.close();
    }

    /// One making of an image at a time, in this process and all others.
    ///
    /// @param found whether an image that somebody else has made meanwhile will do
    private Image single(
            ImageReference reference, boolean found, ProgressListener progress, SingleFlight.Work<Image> work)
            throws Exception {
        String key = (found ? "require " : "renew ") + reference.canonical();
        return flights.run(key, progress, listener -> {
            String name = Digest.of(reference.canonical().getBytes(StandardCharsets.UTF_8)).hex();
            try (var _ = FileLock.exclusive(layout.lock("image-" + name))) {
                catalog.refresh();
                var present = found ? catalog.find(reference) : Optional.<Image>empty();
                return present.isPresent() ? present.get() : work.make(listener);
            }
        });
    }

    private Image make(ImageDefinition definition, ProgressListener progress) throws Exception {
        Optional<Image> from = definition.from().map(base -> require(base, progress));
        try (var holding = leases.holding()) {
            if (from.isPresent() && !holdAll(from.get(), holding)) {
                throw missing(from.get().reference(), "its layers have been deleted");
            }
            builder.build(definition, from, progress, holding);
            return made(definition.name());
        }
    }

    private Image fetch(ImageReference reference, ProgressListener progress) throws Exception {
        if (!puller.canPull(reference)) {
            throw missing(reference, "it names no registry. Write HOST/" + reference.canonical() + " with the registry's host, or set "
                    + "registry.default (FAAS_REGISTRY_DEFAULT) to the one such names stand for; without a registry, "
                    + "'faas image import' takes archives");
        }
        try (var holding = leases.holding()) {
            puller.pull(reference, progress, holding);
            return made(reference);
        } catch (RegistryException e) {
            throw switch (e.kind()) {
                case NOT_FOUND, DENIED -> missing(reference, String.valueOf(e.getMessage()));
                case UNREACHABLE, INVALID ->
                    new PlatformException(
                            ErrorCode.IMAGE_PULL_FAILED,
                            "could not pull '" + reference + "': " + e.getMessage() + "; " + inventory(),
                            e);
            };
        }
    }

    private List<Image> load(Path archive, Optional<ImageReference> name, ProgressListener progress) throws Exception {
        try (var holding = leases.holding()) {
            var names = importer.load(archive, name, progress, holding);
            catalog.refresh();
            List<Image> images = new ArrayList<>();
            for (var reference : names) {
                images.add(made(reference));
            }
            return images;
        } catch (UnsafeArchiveException e) {
            throw new PlatformException(
                    ErrorCode.INVALID_REQUEST, "could not import the archive: " + e.getMessage(), e);
        }
    }

    private Image made(ImageReference reference) throws IOException {
        catalog.refresh();
        return catalog.find(reference).orElseThrow(() -> missing(reference, "it was removed at once"));
    }

    /// @return false when a layer has been deleted
    private static boolean holdAll(Image image, LeaseTable.Holding holding) throws IOException, InterruptedException {
        for (Path root : image.layers()) {
            Path layer = Objects.requireNonNull(root.getParent());
            holding.hold(Digest.ofHex(layer.getFileName().toString()));
            if (!Files.isDirectory(layer)) {
                return false;
            }
        }
        return true;
    }

    private static void hold(LeaseTable.Holding holding, Digest digest) {
        Failures.translate("hold " + digest, () -> {
            holding.hold(digest);
            return true;
        });
    }

    private PlatformException missing(ImageReference reference, String why) {
        return new PlatformException(
                ErrorCode.IMAGE_NOT_FOUND,
                "there is no image '" + reference + "' on this machine and it can't be had: " + why + "; "
                        + inventory());
    }

    private String inventory() {
        var here = list().stream().map(image -> image.reference().value()).toList();
        var buildable = definitions.all().stream().map(definition -> definition.name().value()).toList();
        return "on this machine: " + (here.isEmpty() ? "none" : String.join(", ", here)) + "; can be built: "
                + String.join(", ", buildable);
    }
}
