package dev.faas.testkit.service;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/// A file system of a few megabytes that a test can fill up. Needs root. Confined to one test at a time.
public final class SmallDisk implements AutoCloseable {

    private static final Duration LIMIT = Duration.ofSeconds(10);

    private final PrivateDirectory mountPoint = PrivateDirectory.create("faas-small-disk");

    private SmallDisk(int megabytes) {
        Programs.run(LIMIT, List.of(
                Programs.require("mount", "mount"),
                "-t",
                "tmpfs",
                "-o",
                "size=" + megabytes + "m",
                "faas-test",
                mountPoint.path().toString()));
    }

    public static SmallDisk ofMegabytes(int megabytes) {
        return new SmallDisk(megabytes);
    }

    public Path path() {
        return mountPoint.path();
    }

    /// Takes all the room there is.
    public void fill() {
        var chunk = new byte[4096];
        try (var file = Files.newOutputStream(ballast())) {
            writeUntilFull(file, chunk);
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    /// Gives it back.
    public void makeRoom() {
        try {
            Files.delete(ballast());
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    @Override
    public void close() {
        Programs.run(LIMIT, List.of(
                Programs.require("umount", "mount"), mountPoint.path().toString()));
        mountPoint.close();
    }

    private Path ballast() {
        return mountPoint.resolve("ballast");
    }

    private static void writeUntilFull(OutputStream file, byte[] chunk) {
        try {
            while (true) {
                file.write(chunk);
            }
        } catch (IOException full) {
            // That is what was wanted.
            return;
        }
    }
}
