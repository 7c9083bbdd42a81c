package dev.faas.store.image.layout;

import dev.faas.store.image.posix.FileLock;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;

/// `index.json`: which names there are and what they stand for. Thread-safe, and safe for several processes: a change
/// reads, edits and replaces the file under one lock, readers never lock.
public final class ImageIndex {

    private static final String NAME = "org.opencontainers.image.ref.name";
    private static final String ADDED = "dev.faas.image.added";

    private final StoreLayout layout;

    public ImageIndex(StoreLayout layout) {
        this.layout = layout;
    }

    /// All names, in the order they were added.
    public List<Entry> entries() throws IOException {
        byte[] document;
        try {
            document = Files.readAllBytes(layout.index());
        } catch (NoSuchFileException e) {
            return List.of();
        }
        List<Entry> entries = new ArrayList<>();
        for (var descriptor : Documents.index(Documents.parse(document))) {
            String name = descriptor.annotations().get(NAME);
            if (name != null) {
                String added = descriptor.annotations().getOrDefault(ADDED, Instant.EPOCH.toString());
                entries.add(new Entry(
                        name, descriptor.mediaType(), descriptor.digest(), descriptor.size(), Instant.parse(added)));
            }
        }
        return entries;
    }

    public Optional<Entry> find(String name) throws IOException {
        return entries().stream().filter(entry -> entry.name().equals(name)).findFirst();
    }

    /// Lets a name stand for a manifest, whatever it stood for before.
    public void put(Entry entry) throws IOException, InterruptedException {
        change(entries -> {
            var changed = new ArrayList<>(without(entries, entry.name()));
            changed.add(entry);
            return changed;
        });
    }

    /// @return whether the name was there
    public boolean remove(String name) throws IOException, InterruptedException {
        var before = new ArrayList<Entry>();
        change(entries -> {
            before.addAll(entries);
            return without(entries, name);
        });
        return before.stream().anyMatch(entry -> entry.name().equals(name));
    }

    private static List<Entry> without(List<Entry> entries, String name) {
        return entries.stream().filter(entry -> !entry.name().equals(name)).toList();
    }

    private void change(UnaryOperator<List<Entry>> edit) throws IOException, InterruptedException {
        try (var _ = FileLock.exclusive(layout.lock("index"))) {
            var before = entries();
            var after = edit.apply(before);
            if (after.equals(before)) {
                return;
            }
            var document = Documents.object();
            document.put("schemaVersion", 2).put("mediaType", MediaTypes.OCI_INDEX);
            var manifests = document.putArray("manifests");
            for (var entry : after) {
                manifests.add(Documents.describe(new Descriptor(
                        entry.mediaType(),
                        entry.manifest(),
                        entry.size(),
                        Optional.empty(),
                        Map.of(NAME, entry.name(), ADDED, entry.added().toString()))));
            }
            layout.replace(layout.index(), Documents.write(document));
        }
    }

    /// A name and what it stands for.
    ///
    /// @param mediaType of the manifest
    /// @param size      of the manifest
    /// @param added     when the name came to stand for it
    public record Entry(String name, String mediaType, Digest manifest, long size, Instant added) {}
}
