package dev.faas.testkit.image;

import dev.faas.core.common.ErrorCode;
import dev.faas.core.common.PlatformException;
import dev.faas.core.image.Image;
import dev.faas.core.image.ImageReference;
import dev.faas.core.image.ImageStore;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentSkipListMap;

/// Images that are only names. `absent/…` can't be pulled.
public final class FakeImageStore implements ImageStore {

    private final Map<String, Image> images = new ConcurrentSkipListMap<>();

    public FakeImageStore() {
        add(ImageReference.of("faas/base"), 1000);
    }

    private Image add(ImageReference reference, long size) {
        var digest = "sha256:" + "%064x".formatted(reference.value().hashCode() & 0xffffffffL);
        var image = new Image(reference, digest, List.of(Path.of("/layer")), Image.Config.EMPTY, size);
        images.put(reference.value(), image);
        return image;
    }

    @Override
    public Optional<Image> find(ImageReference reference) {
        return Optional.ofNullable(images.get(reference.value()));
    }

    @Override
    public Image require(ImageReference reference, ProgressListener progress) {
        if (reference.value().startsWith("absent/")) {
            throw new PlatformException(ErrorCode.IMAGE_NOT_FOUND, "no registry has " + reference);
        }
        progress.progress("layer 1/2", 50, 100);
        progress.progress("layer 2/2", 100, 100);
        return add(reference, 2000);
    }

    /// As the gateway wants its importer.
    public List<Image> importArchive(InputStream archive, Optional<ImageReference> name, ProgressListener progress) {
        try {
            long size = archive.transferTo(OutputStream.nullOutputStream());
            progress.progress("archive", size, 0);
            return List.of(
                    add(name.orElseThrow(() -> PlatformException.invalid("image", "the archive has no name")), size));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public ImageLease lease(Image image) {
        return () -> {};
    }

    @Override
    public List<Image> list() {
        return List.copyOf(images.values());
    }

    @Override
    public boolean remove(ImageReference reference) {
        return images.remove(reference.value()) != null;
    }

    @Override
    public PruneResult prune() {
        return new PruneResult(2, 4096);
    }

    @Override
    public void export(Image image, OutputStream target) throws IOException {
        target.write(image.digest().getBytes(StandardCharsets.US_ASCII));
    }
}
