package dev.faas.store.image.archive;

import dev.faas.core.common.PlatformException;
import dev.faas.core.image.Image;
import dev.faas.core.image.ImageReference;
import dev.faas.core.image.ImageStore.ProgressListener;
import dev.faas.store.image.UnpackLimits;
import dev.faas.store.image.archive.ArchiveMembers.Member;
import dev.faas.store.image.layout.BlobStore;
import dev.faas.store.image.layout.Descriptor;
import dev.faas.store.image.layout.Documents;
import dev.faas.store.image.layout.Documents.ImageSettings;
import dev.faas.store.image.layout.Documents.Manifest;
import dev.faas.store.image.layout.ImageAssembler;
import dev.faas.store.image.layout.ImageAssembler.Layer;
import dev.faas.store.image.layout.LayerStore;
import dev.faas.store.image.layout.LeaseTable;
import dev.faas.store.image.layout.MediaTypes;
import dev.faas.store.image.layout.Platform;
import dev.faas.store.image.layout.StoreLayout;
import dev.faas.store.image.unpack.UnsafeArchiveException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/// Takes images out of archives: `docker save`, OCI layouts and plain root file systems, compressed or not; which of
/// them it is, the content says. Thread-safe.
public final class ArchiveImporter {

    private static final String REF_NAME = "org.opencontainers.image.ref.name";
    private static final String CONTAINERD_NAME = "io.containerd.image.name";

    private final StoreLayout layout;
    private final BlobStore blobs;
    private final LayerStore layers;
    private final ImageAssembler assembler;
    private final UnpackLimits limits;

    public ArchiveImporter(
            StoreLayout layout, BlobStore blobs, LayerStore layers, ImageAssembler assembler, UnpackLimits limits) {
        this.layout = layout;
        this.blobs = blobs;
        this.layers = layers;
        this.assembler = assembler;
        this.limits = limits;
    }

    /// @param name for the image, instead of what the archive calls it; a root file system needs one, an archive of
    ///             several images must have none
    /// @return the names that are there now
    public List<ImageReference> load(
            Path archive, Optional<ImageReference> name, ProgressListener progress, LeaseTable.Holding holding)
            throws IOException, InterruptedException {
        var kind = ArchiveMembers.kind(archive);
        Path directory = layout.temporary("import");
        try {
            return switch (kind) {
                case ROOT_FILE_SYSTEM -> rootFileSystem(archive, name, progress, holding);
                case DOCKER -> docker(ArchiveMembers.extract(archive, directory, limits), name, progress, holding);
                case OCI -> oci(ArchiveMembers.extract(archive, directory, limits), name, progress, holding);
            };
        } finally {
            StoreLayout.deleteTree(directory);
        }
    }

    private List<ImageReference> rootFileSystem(
            Path archive, Optional<ImageReference> name, ProgressListener progress, LeaseTable.Holding holding)
            throws IOException, InterruptedException {
        var reference = name.orElseThrow(() ->
                PlatformException.invalid("name", "the archive is a root file system without a name; give it one"));
        progress.progress("import " + reference, 0, Files.size(archive));
        var layer = assembler.addLayer(archive, holding);
        assembler.commit(reference.canonical(), List.of(layer), Image.Config.EMPTY, Instant.EPOCH, holding);
        return List.of(reference);
    }

    private List<ImageReference> docker(
            ArchiveMembers members,
            Optional<ImageReference> name,
            ProgressListener progress,
            LeaseTable.Holding holding)
            throws IOException, InterruptedException {
        var images = Documents.parse(members.read(members.get("manifest.json")));
        requireOne(name, images.size());
        List<ImageReference> loaded = new ArrayList<>();
        for (var image : images) {
            var names = name.map(List::of).orElseGet(() -> tags(image));
            requireNamed(names);
            byte[] manifest = dockerImage(members, image, progress, holding);
            for (var reference : names) {
                assembler.commit(reference.canonical(), MediaTypes.OCI_MANIFEST, manifest, holding);
                loaded.add(reference);
            }
        }
        return loaded;
    }

    private byte[] dockerImage(
            ArchiveMembers members, JsonNode image, ProgressListener progress, LeaseTable.Holding holding)
            throws IOException, InterruptedException {
        byte[] document = members.read(members.get(image.path("Config").asString("")));
        var settings = settings(document, image.path("Layers").size());
        List<Descriptor> stack = new ArrayList<>();
        for (int i = 0; i < settings.diffIds().size(); i++) {
            String name = image.path("Layers").path(i).asString("");
            progress.progress("layer " + (i + 1) + "/" + settings.diffIds().size(), i, settings.diffIds().size());
            Layer layer = assembler.addLayer(members.get(name).file(), holding);
            if (!layer.diffId().equals(settings.diffIds().get(i))) {
                throw new UnsafeArchiveException("the layer '" + name + "' has the digest " + layer.diffId()
                        + "; the image says " + settings.diffIds().get(i));
            }
            stack.add(layer.blob());
        }
        var config = Descriptor.of(MediaTypes.OCI_CONFIG, blobs.put(document, holding), document.length);
        return Documents.manifest(new Manifest(config, stack));
    }

    private List<ImageReference> oci(
            ArchiveMembers members,
            Optional<ImageReference> name,
            ProgressListener progress,
            LeaseTable.Holding holding)
            throws IOException, InterruptedException {
        var offers = Documents.index(Documents.parse(members.read(members.get("index.json"))));
        requireOne(name, offers.size());
        List<ImageReference> loaded = new ArrayList<>();
        for (var offer : offers) {
            var names = name.map(List::of).orElseGet(() -> annotated(offer));
            requireNamed(names);
            Member manifest = manifest(members, offer);
            byte[] document = members.read(manifest);
            ociImage(members, Documents.manifest(document), progress, holding);
            for (var reference : names) {
                String type = Documents.parse(document).path("mediaType").asString(MediaTypes.OCI_MANIFEST);
                assembler.commit(reference.canonical(), type, document, holding);
                loaded.add(reference);
            }
        }
        return loaded;
    }

    /// An entry of the index is a manifest, or an index of one image for several machines.
    private static Member manifest(ArchiveMembers members, Descriptor offer) throws IOException {
        var member = members.blob(offer.digest());
        var document = Documents.parse(members.read(member));
        if (!Documents.isIndex(document)) {
            return member;
        }
        var here = Platform.here();
        for (var candidate : Documents.index(document)) {
            if (candidate.platform().filter(here::runs).isPresent()) {
                return members.blob(candidate.digest());
            }
        }
        throw new UnsafeArchiveException("the archive's image is not for " + here);
    }

    private void ociImage(
            ArchiveMembers members, Manifest manifest, ProgressListener progress, LeaseTable.Holding holding)
            throws IOException, InterruptedException {
        byte[] document = members.read(members.blob(manifest.config().digest()));
        var settings = settings(document, manifest.layers().size());
        blobs.put(document, holding);
        for (int i = 0; i < manifest.layers().size(); i++) {
            var digest = manifest.layers().get(i).digest();
            var diffId = settings.diffIds().get(i);
            progress.progress("layer " + (i + 1) + "/" + manifest.layers().size(), i, manifest.layers().size());
            holding.hold(digest);
            holding.hold(diffId);
            if (!blobs.contains(digest)) {
                blobs.take(members.blob(digest).file(), digest);
            }
            layers.unpack(diffId, () -> blobs.open(digest));
        }
    }

    private ImageSettings settings(byte[] document, int layerCount) throws IOException {
        var settings = Documents.settings(document);
        if (settings.diffIds().size() != layerCount || layerCount > limits.layers()) {
            throw new UnsafeArchiveException("the image's configuration names " + settings.diffIds().size()
                    + " layers, its manifest " + layerCount + "; at most " + limits.layers() + " are possible");
        }
        if (!Platform.here().runs(settings.platform())) {
            throw new UnsafeArchiveException(
                    "the image is made for " + settings.platform() + "; this machine runs " + Platform.here());
        }
        return settings;
    }

    private static List<ImageReference> tags(JsonNode image) {
        List<ImageReference> names = new ArrayList<>();
        image.path("RepoTags").forEach(tag -> names.add(ImageReference.of(tag.asString(""))));
        return names;
    }

    private static List<ImageReference> annotated(Descriptor offer) {
        String name = offer.annotations().getOrDefault(CONTAINERD_NAME, offer.annotations().getOrDefault(REF_NAME, ""));
        return name.isEmpty() ? List.of() : List.of(ImageReference.of(name));
    }

    private static void requireNamed(List<ImageReference> names) {
        if (names.isEmpty()) {
            throw PlatformException.invalid("name",
                    "the archive does not say what its image is called; give it a name");
        }
    }

    private static void requireOne(Optional<ImageReference> name, int images) throws UnsafeArchiveException {
        if (images == 0) {
            throw new UnsafeArchiveException("the archive holds no image");
        }
        if (name.isPresent() && images > 1) {
            throw PlatformException.invalid(
                    "name", "the archive holds " + images + " images, which keep their own names; leave the name out");
        }
    }
}
