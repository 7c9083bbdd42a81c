package dev.faas.store.image.unpack;

import dev.faas.store.image.posix.Errno;
import dev.faas.store.image.posix.Posix;
import java.io.IOException;
import java.io.InputStream;
import java.time.Instant;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;

/// Makes the files, links and pipes of a layer. Confined to one thread.
final class FileWriter {

    private static final int PERMISSIONS = 07777;

    private final Posix posix;
    private final LayerTree tree;
    private final Ownership ownership;
    private final long maxBytes;
    private final byte[] buffer = new byte[Posix.WRITE_BYTES];
    private long written;

    FileWriter(Posix posix, LayerTree tree, Ownership ownership, long maxBytes) {
        this.posix = posix;
        this.tree = tree;
        this.ownership = ownership;
        this.maxBytes = maxBytes;
    }

    long written() {
        return written;
    }

    void regular(EntryPath path, TarArchiveEntry entry, InputStream content) throws IOException {
        int descriptor = create(path);
        try {
            copy(descriptor, entry, content);
            if (ownership.keep()) {
                posix.chown(
                        descriptor,
                        ownership.shift(entry.getLongUserId(), entry.getName()),
                        ownership.shift(entry.getLongGroupId(), entry.getName()));
            }
            // After chown, which takes set-id bits and capabilities away.
            Attributes.of(entry, ownership).apply(posix, descriptor);
            posix.chmod(descriptor, entry.getMode() & PERMISSIONS);
            var modified = modified(entry);
            posix.setTimes(descriptor, modified.getEpochSecond(), modified.getNano());
        } finally {
            posix.close(descriptor);
        }
    }

    void symbolicLink(EntryPath path, TarArchiveEntry entry) throws IOException {
        String target = entry.getLinkName();
        if (target.isEmpty() || target.indexOf('\0') >= 0 || target.indexOf('\uFFFD') >= 0) {
            throw new UnsafeArchiveException("the link '" + EntryPath.shown(path.full()) + "' has no readable target");
        }
        replacing(path, () -> posix.symlinkAt(target, tree.parent(path), path.name()));
        own(path, entry);
        time(path, entry);
    }

    /// Links to a file this layer has already; the link itself is linked when that is a symbolic one.
    void hardLink(EntryPath path, EntryPath target) throws IOException {
        if (path.equals(target) || path.isRoot() || target.isRoot()) {
            throw new UnsafeArchiveException("the hard link '" + EntryPath.shown(path.full()) + "' links to itself");
        }
        int from;
        try {
            // A descriptor of its own: looking up the new name's parent ends the remembered one.
            from = posix.openAt(tree.parent(target), ".", Posix.O_PATH | Posix.O_DIRECTORY, 0);
        } catch (Errno e) {
            throw missingTarget(path, target, e);
        }
        try {
            replacing(path, () -> posix.linkAt(from, target.name(), tree.parent(path), path.name()));
        } catch (Errno e) {
            throw e.number() == Errno.ENOENT || e.number() == Errno.EPERM ? missingTarget(path, target, e) : e;
        } finally {
            posix.close(from);
        }
    }

    void fifo(EntryPath path, TarArchiveEntry entry) throws IOException {
        replacing(path, () -> posix.mknodAt(tree.parent(path), path.name(), Posix.S_IFIFO | 0600));
        own(path, entry);
        posix.chmodAt(tree.parent(path), path.name(), entry.getMode() & PERMISSIONS);
        time(path, entry);
    }

    static Instant modified(TarArchiveEntry entry) {
        return entry.getLastModifiedTime().toInstant();
    }

    private int create(EntryPath path) throws IOException {
        int flags = Posix.O_WRONLY | Posix.O_CREAT | Posix.O_EXCL | Posix.O_NOFOLLOW;
        try {
            return posix.openAt(tree.parent(path), path.name(), flags, 0600);
        } catch (Errno e) {
            if (e.number() != Errno.EEXIST) {
                throw e;
            }
            tree.clear(path);
            return posix.openAt(tree.parent(path), path.name(), flags, 0600);
        }
    }

    private void replacing(EntryPath path, Step step) throws IOException {
        try {
            step.run();
        } catch (Errno e) {
            if (e.number() != Errno.EEXIST) {
                throw e;
            }
            tree.clear(path);
            step.run();
        }
    }

    private void copy(int descriptor, TarArchiveEntry entry, InputStream content) throws IOException {
        long offset = 0;
        for (int count = content.readNBytes(buffer, 0, buffer.length);
                count > 0;
                count = content.readNBytes(buffer, 0, buffer.length)) {
            written += count;
            if (written > maxBytes) {
                throw new UnsafeArchiveException("a layer unpacks to more than " + maxBytes + " bytes");
            }
            if (!entry.isSparse() || !isZero(count)) {
                posix.write(descriptor, buffer, count, offset);
            }
            offset += count;
        }
        if (entry.isSparse()) {
            posix.truncate(descriptor, offset);
        } else if (offset != entry.getSize()) {
            throw new UnsafeArchiveException("the archive ends within '" + EntryPath.shown(entry.getName()) + "'");
        }
    }

    private boolean isZero(int count) {
        for (int i = 0; i < count; i++) {
            if (buffer[i] != 0) {
                return false;
            }
        }
        return true;
    }

    private void own(EntryPath path, TarArchiveEntry entry) throws IOException {
        int uid = ownership.shift(entry.getLongUserId(), entry.getName());
        int gid = ownership.shift(entry.getLongGroupId(), entry.getName());
        if (ownership.keep()) {
            posix.chownAt(tree.parent(path), path.name(), uid, gid);
        }
    }

    private void time(EntryPath path, TarArchiveEntry entry) throws IOException {
        var modified = modified(entry);
        posix.setTimesAt(tree.parent(path), path.name(), modified.getEpochSecond(), modified.getNano());
    }

    private static UnsafeArchiveException missingTarget(EntryPath path, EntryPath target, Errno cause) {
        return new UnsafeArchiveException(
                "the hard link '" + EntryPath.shown(path.full()) + "' links to '" + EntryPath.shown(target.full())
                        + "', which is no file of this layer",
                cause);
    }

    @FunctionalInterface
    private interface Step {
        void run() throws IOException;
    }
}
