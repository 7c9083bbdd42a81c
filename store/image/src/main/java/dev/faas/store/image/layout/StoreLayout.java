package dev.faas.store.image.layout;

import dev.faas.store.image.posix.FileLock;
import dev.faas.store.image.posix.Posix;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// The directory of an image store, as an OCI image layout with unpacked layers beside it:
///
/// ```
/// oci-layout  index.json  blobs/sha256/<hex>      the OCI image layout: any tool can read it
/// layers/<diff id>/{root,layer.json}              each layer unpacked once
/// partial/<hex>                                   downloads to go on with
/// locks/…                                         empty files; who holds what (see FileLock)
/// work/<process>/                                 unfinished; removed by the next start once its process is gone
/// ```
///
/// Thread-safe.
public final class StoreLayout implements AutoCloseable {

    private static final String LOCK_SUFFIX = ".lock";
    private static final String LAYOUT_VERSION = "{\"imageLayoutVersion\":\"1.0.0\"}";

    private final Path root;
    private final Path work;
    private final FileLock workLock;

    /// Opens the directory, making it if needed, and removes what processes that are gone left unfinished.
    public StoreLayout(Path root, int uidBase) throws IOException, InterruptedException {
        this.root = root.toAbsolutePath();
        for (String name : new String[] {"blobs/sha256", "layers", "partial", "locks", "work"}) {
            Files.createDirectories(this.root.resolve(name));
        }
        // Layers are root's and hold set-id programs: nobody else gets at them by path.
        if (Posix.isRoot()) {
            Files.setPosixFilePermissions(this.root, PosixFilePermissions.fromString("rwx--x--x"));
        }
        try (var _ = FileLock.exclusive(lock("store"))) {
            requireText("oci-layout", LAYOUT_VERSION, "is an OCI layout of another version");
            requireText("uid-base", Integer.toString(uidBase),
                    "keeps its layers for another uid base than " + uidBase + "; use another directory");
            sweepWork();
            String name = UUID.randomUUID().toString();
            this.workLock = FileLock.exclusive(lock("work-" + name));
            this.work = Files.createDirectory(this.root.resolve("work").resolve(name));
        }
    }

    public Path blob(Digest digest) {
        return root.resolve("blobs/sha256").resolve(digest.hex());
    }

    public Path blobs() {
        return root.resolve("blobs/sha256");
    }

    public Path layers() {
        return root.resolve("layers");
    }

    public Path layer(Digest diffId) {
        return layers().resolve(diffId.hex());
    }

    public Path partial() {
        return root.resolve("partial");
    }

    public Path index() {
        return root.resolve("index.json");
    }

    public Path lock(String name) {
        return root.resolve("locks").resolve(name + LOCK_SUFFIX);
    }

    /// A new name in this process's own directory on the same file system, to be renamed into place when complete.
    public Path temporary(String purpose) {
        return work.resolve(purpose + "-" + UUID.randomUUID());
    }

    /// Writes a small file so that readers see the old content or the new, also after a power cut.
    public void replace(Path target, byte[] content) throws IOException {
        Path temporary = temporary("file");
        try (var channel = FileChannel.open(
                temporary, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            var buffer = ByteBuffer.wrap(content);
            while (buffer.hasRemaining()) {
                channel.write(buffer);
            }
            channel.force(true);
        }
        rename(temporary, target);
    }

    /// Puts something complete and synced in its place and makes the name itself durable.
    public void rename(Path source, Path target) throws IOException {
        try {
            Files.move(source, target, StandardCopyOption.ATOMIC_MOVE);
        } catch (AtomicMoveNotSupportedException e) {
            throw new IOException(root + " must lie on one file system", e);
        }
        syncDirectory(Objects.requireNonNull(target.getParent()));
    }

    /// Deletes a tree without following links; a tree that isn't there is fine.
    public static void deleteTree(Path tree) throws IOException {
        try {
            Files.walkFileTree(tree, new SimpleFileVisitor<>() {
                @Override
                public FileVisitResult preVisitDirectory(Path dir, BasicFileAttributes attributes) throws IOException {
                    if (!Files.isWritable(dir)) {
                        Files.setPosixFilePermissions(dir, PosixFilePermissions.fromString("rwx------"));
                    }
                    return FileVisitResult.CONTINUE;
                }

                @Override
                public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                    Files.deleteIfExists(file);
                    return FileVisitResult.CONTINUE;
                }

                @Override
                public FileVisitResult postVisitDirectory(Path dir, @Nullable IOException problem) throws IOException {
                    Files.deleteIfExists(dir);
                    return FileVisitResult.CONTINUE;
                }
            });
        } catch (NoSuchFileException e) {
            // gone already: what was wanted
        }
    }

    @Override
    public void close() {
        try {
            deleteTree(work);
            Files.deleteIfExists(lock("work-" + work.getFileName()));
        } catch (IOException e) {
            throw new UncheckedIOException("removing " + work, e);
        } finally {
            workLock.close();
        }
    }

    /// What a dead process was making is of no use to anybody: whole things were renamed away from here.
    private void sweepWork() throws IOException {
        try (var directories = Files.newDirectoryStream(root.resolve("work"))) {
            for (Path directory : directories) {
                Path lock = lock("work-" + directory.getFileName());
                var owner = FileLock.tryExclusive(lock);
                if (owner.isPresent()) {
                    deleteTree(directory);
                    Files.deleteIfExists(lock);
                    owner.get().close();
                }
            }
        }
    }

    private void requireText(String name, String expected, String problem) throws IOException {
        Path file = root.resolve(name);
        if (!Files.exists(file)) {
            Files.writeString(file, expected, StandardCharsets.UTF_8);
            syncDirectory(root);
        } else if (!Files.readString(file).strip().equals(expected)) {
            throw new IOException(root + " " + problem);
        }
    }

    private static void syncDirectory(Path directory) throws IOException {
        try (var channel = FileChannel.open(directory, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }
}
