package dev.faas.store.image;

import dev.faas.store.image.layout.StoreLayout;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// A directory of a test's own. JUnit's temporary directories warn about every link that leads outside, of which a root
/// file system has thousands.
public final class Scratch implements AutoCloseable {

    private final Path directory;

    public Scratch() {
        try {
            directory = Files.createTempDirectory("faas-image-test");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public Path path() {
        return directory;
    }

    public Path resolve(String name) {
        return directory.resolve(name);
    }

    @Override
    public void close() {
        try {
            StoreLayout.deleteTree(directory);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
