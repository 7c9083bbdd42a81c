package dev.faas.server;

import dev.faas.cli.LocalPlatform.ImageRow;
import dev.faas.cli.LocalPlatform.Images;
import dev.faas.cli.LocalPlatform.Progress;
import dev.faas.core.image.Image;
import dev.faas.core.image.ImageReference;
import dev.faas.server.config.ServerConfig;
import dev.faas.store.image.FileImageStore;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/// The image store of this machine, for the command line.
final class LocalImages implements Images {

    private static final String FROM_ENGINE = "docker:";
    private static final String FROM_STDIN = "-";

    private final ServerConfig config;
    private final FileImageStore store;
    private final Progress progress;

    LocalImages(ServerConfig config, Progress progress) {
        this.config = config;
        this.progress = progress;
        store = FileImageStore.open(config.images());
    }

    @Override
    public List<ImageRow> list() {
        return rows(store.list());
    }

    @Override
    public ImageRow pull(String reference) {
        return row(store.pull(ImageReference.of(reference), progress::progress));
    }

    @Override
    public List<ImageRow> load(String source, Optional<String> name) {
        var reference = name.map(ImageReference::of);
        if (source.startsWith(FROM_ENGINE)) {
            return rows(fromEngine(ImageReference.of(source.substring(FROM_ENGINE.length())), reference));
        }
        if (!source.equals(FROM_STDIN)) {
            return rows(store.importArchive(Path.of(source), reference, progress::progress));
        }
        return rows(store.importArchive(new BufferedInputStream(System.in), reference, progress::progress));
    }

    private List<Image> fromEngine(ImageReference image, Optional<ImageReference> name) {
        try {
            var archive = Files.createTempFile("faas-import-", ".tar");
            try {
                progress.progress("taking " + image + " from the container engine", 0, 0);
                Drivers.exportFromEngine(config, store, image, archive);
                return store.importArchive(archive, name.or(() -> Optional.of(image)), progress::progress);
            } finally {
                Files.deleteIfExists(archive);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("there is no room for " + image + " in the temporary directory", e);
        }
    }

    private static List<ImageRow> rows(List<Image> images) {
        return images.stream().map(LocalImages::row).toList();
    }

    @Override
    public ImageRow build(String name) {
        return row(store.build(ImageReference.of(name), progress::progress));
    }

    @Override
    public boolean remove(String reference) {
        return store.remove(ImageReference.of(reference));
    }

    @Override
    public long prune() {
        return store.prune().bytes();
    }

    private static ImageRow row(Image image) {
        return new ImageRow(image.reference().value(), image.digest(), image.size(), image.layers().size());
    }

    @Override
    public void close() {
        store.close();
    }
}
