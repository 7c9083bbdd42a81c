package dev.faas.store.image.unpack;

import dev.faas.store.image.UnpackLimits;
import dev.faas.store.image.posix.Errno;
import dev.faas.store.image.posix.Posix;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;

/// Unpacks one layer archive into an empty directory, in the form the kernel's overlay wants: `.wh.` entries become
/// whiteouts and opaque directories, owners are shifted, and nothing is ever written outside the directory.
///
/// Left out, because no sandbox could use them: device nodes (a user namespace may not open them) and extended
/// attributes other than `user.*` and file capabilities. Confined to one thread; for one archive.
public final class LayerUnpacker {

    private static final String WHITEOUT = ".wh.";
    private static final String WHITEOUT_META = ".wh..wh.";
    private static final String OPAQUE = ".wh..wh..opq";
    /// The overlay is mounted inside a user namespace (`userxattr`), where it reads `user.` attributes only, or by root
    /// on kernels where that is not enough, where it reads `trusted.` ones only, which only root may write.
    private static final String OVERLAY_OPAQUE = "user.overlay.opaque";

    private static final String OVERLAY_OPAQUE_FOR_ROOT = "trusted.overlay.opaque";

    private static final int PERMISSIONS = 07777;

    private final Path directory;
    private final Ownership ownership;
    private final UnpackLimits limits;
    private final List<Directory> directories = new ArrayList<>();
    private final Set<String> whiteouts = new HashSet<>();
    private long entries;
    private long bytes;
    private int skippedDevices;

    public LayerUnpacker(Path directory, Ownership ownership, UnpackLimits limits) {
        this.directory = directory;
        this.ownership = ownership;
        this.limits = limits;
    }

    /// Reads the archive to its end and puts everything on disk before it returns.
    ///
    /// @throws UnsafeArchiveException for an archive that is malformed, too large or hostile
    public UnpackResult unpack(InputStream archive) throws IOException {
        try (var posix = new Posix();
                var tree = new LayerTree(posix, directory, ownership)) {
            var tar = new TarReader(archive);
            var files = new FileWriter(posix, tree, ownership, limits.layerBytes());
            for (var entry = tar.next(); entry != null; entry = tar.next()) {
                countEntry();
                add(posix, tree, files, tar.content(), entry);
            }
            bytes = files.written();
            // Deepest last in the list, so that a directory without write permission is sealed after what is in it.
            for (int i = directories.size() - 1; i >= 0; i--) {
                seal(posix, tree, directories.get(i));
            }
            tree.syncFileSystem();
        }
        return new UnpackResult(bytes, entries, skippedDevices);
    }

    private void countEntry() throws UnsafeArchiveException {
        if (++entries > limits.layerEntries()) {
            throw new UnsafeArchiveException("a layer has more than " + limits.layerEntries() + " entries");
        }
    }

    private void add(Posix posix, LayerTree tree, FileWriter files, InputStream content, TarArchiveEntry entry)
            throws IOException {
        var path = EntryPath.parse(entry.getName(), limits.pathBytes());
        if (path.name().startsWith(WHITEOUT)) {
            whiteOut(posix, tree, path);
        } else if (entry.isDirectory() || path.isRoot()) {
            addDirectory(posix, tree, path, entry);
        } else if (entry.isSymbolicLink()) {
            files.symbolicLink(path, entry);
        } else if (entry.isLink()) {
            files.hardLink(path, EntryPath.parse(entry.getLinkName(), limits.pathBytes()));
        } else if (entry.isFIFO()) {
            files.fifo(path, entry);
        } else if (entry.isCharacterDevice() || entry.isBlockDevice()) {
            skippedDevices++;
        } else if (entry.isFile()) {
            files.regular(path, entry, content);
        } else {
            throw new UnsafeArchiveException("the entry '" + EntryPath.shown(entry.getName())
                    + "' is of an unknown kind (" + (int) entry.getLinkFlag() + ")");
        }
    }

    private void addDirectory(Posix posix, LayerTree tree, EntryPath path, TarArchiveEntry entry) throws IOException {
        if (!path.isRoot()) {
            makeDirectory(posix, tree, path);
        } else if (!entry.isDirectory()) {
            throw new UnsafeArchiveException("the root of the layer is not a directory");
        }
        directories.add(new Directory(
                path,
                entry.getMode() & PERMISSIONS,
                ownership.shift(entry.getLongUserId(), entry.getName()),
                ownership.shift(entry.getLongGroupId(), entry.getName()),
                FileWriter.modified(entry),
                Attributes.of(entry, ownership)));
    }

    private void makeDirectory(Posix posix, LayerTree tree, EntryPath path) throws IOException {
        try {
            posix.mkdirAt(tree.parent(path), path.name(), 0700);
        } catch (Errno e) {
            if (e.number() != Errno.EEXIST) {
                throw e;
            }
            if (!isDirectory(posix, tree, path)) {
                tree.clear(path);
                posix.mkdirAt(tree.parent(path), path.name(), 0700);
                if (whiteouts.remove(path.full())) {
                    markOpaque(posix, tree, path);
                }
            }
        }
    }

    private static boolean isDirectory(Posix posix, LayerTree tree, EntryPath path) throws IOException {
        try {
            posix.close(tree.openDirectory(path));
            return true;
        } catch (Errno e) {
            if (e.number() == Errno.ENOTDIR || e.number() == Errno.ELOOP) {
                return false;
            }
            throw e;
        }
    }

    private void whiteOut(Posix posix, LayerTree tree, EntryPath path) throws IOException {
        if (path.name().equals(OPAQUE)) {
            tree.parent(path);
            markOpaque(posix, tree, path.directory());
            return;
        }
        if (path.name().startsWith(WHITEOUT_META)) {
            return; // what aufs kept for itself
        }
        var hidden = EntryPath.parse(path.parent() + "/" + path.name().substring(WHITEOUT.length()),
                limits.pathBytes());
        if (hidden.isRoot() || !hidden.parent().equals(path.parent())) {
            throw new UnsafeArchiveException("the whiteout '" + EntryPath.shown(path.full()) + "' names nothing");
        }
        try {
            posix.mknodAt(tree.parent(hidden), hidden.name(), Posix.S_IFCHR);
            whiteouts.add(hidden.full());
        } catch (Errno e) {
            if (e.number() != Errno.EEXIST) {
                throw e;
            }
            // A whiteout is about the layers below: what this layer itself has there stays, but nothing shines through.
            if (isDirectory(posix, tree, hidden)) {
                markOpaque(posix, tree, hidden);
            }
        }
    }

    private void markOpaque(Posix posix, LayerTree tree, EntryPath path) throws IOException {
        int descriptor = tree.openDirectory(path);
        try {
            posix.setAttribute(descriptor, OVERLAY_OPAQUE, new byte[] {'y'});
            if (ownership.keep()) {
                markOpaqueForRoot(posix, descriptor);
            }
        } finally {
            posix.close(descriptor);
        }
    }

    private static void markOpaqueForRoot(Posix posix, int descriptor) throws IOException {
        try {
            posix.setAttribute(descriptor, OVERLAY_OPAQUE_FOR_ROOT, new byte[] {'y'});
        } catch (Errno e) {
            // Whoever may not write it, as root in a container, may not mount such an overlay either.
            if (e.number() != Errno.EPERM) {
                throw e;
            }
        }
    }

    /// Directories get their attributes at the end: writing into them would change their times, and some forbid
    /// writing.
    private void seal(Posix posix, LayerTree tree, Directory sealed) throws IOException {
        int descriptor;
        try {
            descriptor = tree.openDirectory(sealed.path());
        } catch (Errno e) {
            if (e.number() == Errno.ENOTDIR || e.number() == Errno.ENOENT || e.number() == Errno.ELOOP) {
                return; // a later entry took its place
            }
            throw e;
        }
        try {
            if (ownership.keep()) {
                posix.chown(descriptor, sealed.uid(), sealed.gid());
            }
            sealed.attributes().apply(posix, descriptor);
            posix.chmod(descriptor, sealed.mode());
            posix.setTimes(descriptor, sealed.modified().getEpochSecond(), sealed.modified().getNano());
        } finally {
            posix.close(descriptor);
        }
    }

    private record Directory(
            EntryPath path, int mode, int uid, int gid, Instant modified, Attributes attributes) {}

    /// What came of it.
    ///
    /// @param bytes          of all files
    /// @param entries        in the archive
    /// @param skippedDevices device nodes that were left out
    public record UnpackResult(long bytes, long entries, int skippedDevices) {}
}
