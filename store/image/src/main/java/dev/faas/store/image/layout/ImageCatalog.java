package dev.faas.store.image.layout;

import dev.faas.core.image.Image;
import dev.faas.core.image.ImageReference;
import dev.faas.store.image.UnpackLimits;
import dev.faas.store.image.layout.ImageIndex.Entry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/// The images that are here, complete and usable. What was found once is answered from memory; a change of the index,
/// by this process or another, is noticed by its file's stamp, which is looked at a few times a second at most.
/// Thread-safe.
public final class ImageCatalog {

    /// How long another process's removal may stay unnoticed. A lease looks at the layers themselves.
    private static final long LOOK_AGAIN_NANOS = Duration.ofMillis(50).toNanos();

    private final StoreLayout layout;
    private final ImageIndex index;
    private final BlobStore blobs;
    private final LayerStore layers;
    private final UnpackLimits limits;
    private final Map<String, Image> known = new ConcurrentHashMap<>();
    private volatile View view = new View(null, System.nanoTime());

    public ImageCatalog(
            StoreLayout layout, ImageIndex index, BlobStore blobs, LayerStore layers, UnpackLimits limits) {
        this.layout = layout;
        this.index = index;
        this.blobs = blobs;
        this.layers = layers;
        this.limits = limits;
    }

    public Optional<Image> find(ImageReference reference) throws IOException {
        forgetIfChanged();
        String name = reference.canonical();
        var image = known.get(name);
        if (image != null) {
            return Optional.of(image.reference().equals(reference)
                    ? image
                    : new Image(reference, image.digest(), image.layers(), image.config(), image.size()));
        }
        var before = view;
        var found = entry(reference);
        if (found.isEmpty()) {
            return Optional.empty();
        }
        var loaded = load(reference, found.get());
        loaded.ifPresent(fresh -> remember(name, fresh, before));
        return loaded;
    }

    /// Every complete image, newest first.
    public List<Image> list() throws IOException {
        List<Image> images = new ArrayList<>();
        var entries = new ArrayList<>(index.entries());
        entries.sort(Comparator.comparing(Entry::added).reversed());
        for (var entry : entries) {
            load(ImageReference.of(entry.name()), entry).ifPresent(images::add);
        }
        return images;
    }

    /// Forgets what is known, after a change by this process.
    public void refresh() {
        known.clear();
        view = new View(null, System.nanoTime() - LOOK_AGAIN_NANOS);
    }

    /// The documents of an image, checked against their digests.
    public Documents.Manifest manifest(Digest digest) throws IOException {
        return Documents.manifest(blobs.read(digest, limits.documentBytes()));
    }

    public Documents.ImageSettings settings(Documents.Manifest manifest) throws IOException {
        return Documents.settings(blobs.read(manifest.config().digest(), limits.documentBytes()));
    }

    /// A pinned reference is satisfied by any name for the same manifest.
    private Optional<Entry> entry(ImageReference reference) throws IOException {
        var entries = index.entries();
        String name = reference.canonical();
        int at = name.indexOf('@');
        return entries.stream()
                .filter(entry -> entry.name().equals(name)
                        || at >= 0 && entry.manifest().value().equals(name.substring(at + 1)))
                .findFirst();
    }

    /// Empty when a part is missing: a removal is under way, or somebody deleted files by hand.
    private Optional<Image> load(ImageReference reference, Entry entry) throws IOException {
        try {
            var settings = settings(manifest(entry.manifest()));
            List<Path> roots = new ArrayList<>();
            long size = 0;
            for (var diffId : settings.diffIds().reversed()) {
                var facts = layers.facts(diffId);
                if (facts.isEmpty()) {
                    return Optional.empty();
                }
                roots.add(layers.root(diffId));
                size += facts.get().bytes();
            }
            return Optional.of(new Image(reference, entry.manifest().value(), roots, settings.config(), size));
        } catch (NoSuchFileException e) {
            return Optional.empty();
        }
    }

    private void remember(String name, Image image, View before) {
        known.put(name, image);
        if (view != before) {
            known.remove(name, image); // the index changed while the image was read
        }
    }

    private void forgetIfChanged() throws IOException {
        var current = view;
        long now = System.nanoTime();
        if (now - current.lookedAt() < LOOK_AGAIN_NANOS) {
            return;
        }
        var stamp = stamp();
        if (stamp.equals(current.stamp())) {
            current.lookedAt = now;
        } else {
            view = new View(stamp, now);
            known.clear();
        }
    }

    private Stamp stamp() throws IOException {
        try {
            var attributes = Files.readAttributes(layout.index(), BasicFileAttributes.class);
            return new Stamp(
                    String.valueOf(attributes.fileKey()), attributes.lastModifiedTime().toInstant().toString());
        } catch (NoSuchFileException e) {
            return new Stamp("", "");
        }
    }

    /// Tells one state of the index file from another: it is replaced, never changed in place.
    private record Stamp(String fileKey, String modified) {}

    /// The state of the index that `known` belongs to.
    private static final class View {
        private final @Nullable Stamp stamp;
        private volatile long lookedAt;

        View(@Nullable Stamp stamp, long lookedAt) {
            this.stamp = stamp;
            this.lookedAt = lookedAt;
        }

        @Nullable Stamp stamp() {
            return stamp;
        }

        long lookedAt() {
            return lookedAt;
        }
    }
}
