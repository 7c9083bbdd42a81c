package dev.faas.store.image.unpack;

import dev.faas.store.image.posix.Errno;
import dev.faas.store.image.posix.Posix;
import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import org.jspecify.annotations.Nullable;

/// The directory a layer is unpacked into, reached only through descriptors: the kernel resolves every parent beneath
/// the root and refuses to leave it, whatever symbolic links earlier entries planted. Confined to one thread.
final class LayerTree implements AutoCloseable {

    private static final int DIRECTORY = Posix.O_PATH | Posix.O_DIRECTORY;
    private static final int IMPLICIT_MODE = 0755;

    private final Posix posix;
    private final int root;
    private final Ownership ownership;
    /// Archives list a directory's files one after the other: one remembered parent saves most look-ups.
    private @Nullable String parentPath;
    private int parentDescriptor = -1;

    LayerTree(Posix posix, Path directory, Ownership ownership) throws IOException {
        this.posix = posix;
        this.ownership = ownership;
        this.root = posix.open(directory.toString(), Posix.O_RDONLY | Posix.O_DIRECTORY, 0);
    }

    /// The descriptor of an entry's parent; directories that the archive does not list are made. Valid until the next
    /// call.
    int parent(EntryPath entry) throws IOException {
        if (entry.parent().equals(parentPath)) {
            return parentDescriptor;
        }
        forgetParent();
        int descriptor;
        try {
            descriptor = resolve(entry.parent(), DIRECTORY);
        } catch (Errno e) {
            if (e.number() != Errno.ENOENT) {
                throw explain(entry, e);
            }
            descriptor = makeParents(entry);
        }
        parentPath = entry.parent();
        parentDescriptor = descriptor;
        return descriptor;
    }

    /// Opens an existing directory for changing its attributes; fails with `ENOTDIR` or `ENOENT` when it isn't one (any
    /// more).
    int openDirectory(EntryPath entry) throws IOException {
        if (entry.isRoot()) {
            return resolve(".", Posix.O_RDONLY | Posix.O_DIRECTORY);
        }
        return posix.openAt(parent(entry), entry.name(), Posix.O_RDONLY | Posix.O_DIRECTORY | Posix.O_NOFOLLOW, 0);
    }

    /// Removes whatever bears the name, so that something else can.
    void clear(EntryPath entry) throws IOException {
        int directory = parent(entry);
        try {
            posix.unlinkAt(directory, entry.name(), 0);
        } catch (Errno e) {
            switch (e.number()) {
                case Errno.ENOENT -> {}
                case Errno.EISDIR, Errno.EPERM -> {
                    deleteTree(directory, entry.name());
                    forgetParent();
                }
                default -> throw e;
            }
        }
    }

    void syncFileSystem() throws IOException {
        posix.syncFileSystem(root);
    }

    @Override
    public void close() throws IOException {
        forgetParent();
        posix.close(root);
    }

    private int resolve(String path, int flags) throws IOException {
        return posix.openBeneath(root, path, flags, Posix.RESOLVE_BENEATH | Posix.RESOLVE_NO_MAGICLINKS);
    }

    private int makeParents(EntryPath entry) throws IOException {
        int current = resolve(".", DIRECTORY);
        var done = new StringBuilder();
        for (String component : entry.parent().split("/")) {
            try {
                posix.mkdirAt(current, component, 0700);
                adopt(current, component);
            } catch (Errno e) {
                if (e.number() != Errno.EEXIST) {
                    throw e;
                }
            } finally {
                posix.close(current);
            }
            done.append(done.isEmpty() ? "" : "/").append(component);
            try {
                current = resolve(done.toString(), DIRECTORY);
            } catch (Errno e) {
                throw explain(entry, e);
            }
        }
        return current;
    }

    private void adopt(int directory, String name) throws IOException {
        if (ownership.keep()) {
            posix.chownAt(directory, name, ownership.base(), ownership.base());
        }
        posix.chmodAt(directory, name, IMPLICIT_MODE);
    }

    /// Nobody else can reach this tree yet, so walking it by path races with nothing; the walk follows no link.
    private static void deleteTree(int directory, String name) throws IOException {
        Files.walkFileTree(Path.of("/proc/self/fd/" + directory, name), new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Files.delete(file);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path dir, @Nullable IOException problem) throws IOException {
                Files.delete(dir);
                return FileVisitResult.CONTINUE;
            }
        });
    }

    private void forgetParent() throws IOException {
        if (parentPath != null) {
            parentPath = null;
            posix.close(parentDescriptor);
        }
    }

    private static IOException explain(EntryPath entry, Errno e) {
        String shown = EntryPath.shown(entry.full());
        return switch (e.number()) {
            case Errno.EXDEV, Errno.ELOOP ->
                new UnsafeArchiveException("the entry '" + shown + "' goes through a link that leaves the layer", e);
            case Errno.ENOTDIR, Errno.ENOENT ->
                new UnsafeArchiveException("the entry '" + shown + "' lies below something that is no directory", e);
            default -> e;
        };
    }
}
