package dev.faas.store.image.posix;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// Files by descriptor and name, never by a path that somebody may have bent: what unpacking an untrusted archive
/// needs and `java.nio.file` can't say. Every call throws [Errno] when it fails.
///
/// Confined to the thread that made it: the buffers its calls share are allocated once.
public final class Posix implements AutoCloseable {

    public static final int O_RDONLY = 0;
    public static final int O_WRONLY = 1;
    public static final int O_RDWR = 2;
    public static final int O_CREAT = 0x40;
    public static final int O_EXCL = 0x80;
    public static final int O_CLOEXEC = 0x80000;
    public static final int O_PATH = 0x200000;
    /// Two flags whose values differ between architectures.
    public static final int O_DIRECTORY;

    public static final int O_NOFOLLOW;

    /// Fail with [Errno#EXDEV] when resolving would leave the starting directory.
    public static final long RESOLVE_BENEATH = 0x08;

    public static final long RESOLVE_NO_MAGICLINKS = 0x02;

    public static final int AT_FDCWD = -100;
    public static final int AT_SYMLINK_NOFOLLOW = 0x100;
    public static final int AT_REMOVEDIR = 0x200;

    public static final int S_IFCHR = 0x2000;
    public static final int S_IFIFO = 0x1000;

    public static final int LOCK_SH = 1;
    public static final int LOCK_EX = 2;
    public static final int LOCK_NB = 4;

    /// Bytes one [#write] takes at most.
    public static final int WRITE_BYTES = 256 * 1024;

    private static final long SYS_OPENAT2 = 437;
    private static final int PATH_BYTES = 8 * 1024;
    private static final int VALUE_BYTES = 64 * 1024;

    static {
        boolean arm = System.getProperty("os.arch").toLowerCase(Locale.ROOT).matches("aarch64|arm.*");
        O_DIRECTORY = arm ? 0x4000 : 0x10000;
        O_NOFOLLOW = arm ? 0x8000 : 0x20000;
    }

    private final Arena arena = Arena.ofConfined();
    private final MemorySegment errno = arena.allocate(Linker.Option.captureStateLayout());
    private final MemorySegment path = arena.allocate(PATH_BYTES);
    private final MemorySegment otherPath = arena.allocate(PATH_BYTES);
    private final MemorySegment scratch = arena.allocate(64, 8);
    private @Nullable MemorySegment bytes;
    private @Nullable MemorySegment value;

    /// Whether this process may own files in other users' names.
    public static boolean isRoot() {
        try {
            return Integer.valueOf(0).equals(Files.getAttribute(Path.of("/proc/self"), "unix:uid"));
        } catch (IOException | UnsupportedOperationException e) {
            // Not Linux.
            return false;
        }
    }

    public int open(String name, int flags, int mode) throws IOException {
        try {
            return check((int) Calls.OPEN.invokeExact(errno, text(path, name), flags | O_CLOEXEC, mode), "open", name);
        } catch (Throwable e) {
            throw rethrow(e);
        }
    }

    public int openAt(int directory, String name, int flags, int mode) throws IOException {
        try {
            return check(
                    (int) TreeCalls.OPENAT.invokeExact(errno, directory, text(path, name), flags | O_CLOEXEC, mode),
                    "open", name);
        } catch (Throwable e) {
            throw rethrow(e);
        }
    }

    /// Opens a path of several components under rules the kernel enforces while it resolves them.
    public int openBeneath(int directory, String name, int flags, long resolve) throws IOException {
        scratch.set(JAVA_LONG, 0, flags | O_CLOEXEC);
        scratch.set(JAVA_LONG, 8, 0);
        scratch.set(JAVA_LONG, 16, resolve);
        try {
            long fd = (long) TreeCalls.SYSCALL_OPENAT2.invokeExact(
                    errno, SYS_OPENAT2, directory, text(path, name), scratch, 24L);
            return check((int) fd, "openat2", name);
        } catch (Throwable e) {
            throw rethrow(e);
        }
    }

    public void close(int fd) throws IOException {
        try {
            check((int) Calls.CLOSE.invokeExact(errno, fd), "close", "descriptor");
        } catch (Throwable e) {
            throw rethrow(e);
        }
    }

    /// Writes all of `source[0, length)` at `offset`; `length` is at most [#WRITE_BYTES].
    public void write(int fd, byte[] source, int length, long offset) throws IOException {
        var buffer = bytes == null ? bytes = arena.allocate(WRITE_BYTES) : bytes;
        MemorySegment.copy(source, 0, buffer, JAVA_BYTE, 0, length);
        int done = 0;
        try {
            while (done < length) {
                long count = (long) TreeCalls.PWRITE.invokeExact(
                        errno, fd, buffer.asSlice(done), (long) (length - done), offset + done);
                if (count < 0 && errnoValue() == Errno.EINTR) {
                    continue;
                }
                done += check((int) count, "write", "file");
            }
        } catch (Throwable e) {
            throw rethrow(e);
        }
    }

    public void truncate(int fd, long size) throws IOException {
        try {
            check((int) TreeCalls.FTRUNCATE.invokeExact(errno, fd, size), "ftruncate", "file");
        } catch (Throwable e) {
            throw rethrow(e);
        }
    }

    public void mkdirAt(int directory, String name, int mode) throws IOException {
        try {
            check((int) TreeCalls.MKDIRAT.invokeExact(errno, directory, text(path, name), mode), "mkdir", name);
        } catch (Throwable e) {
            throw rethrow(e);
        }
    }

    public void symlinkAt(String target, int directory, String name) throws IOException {
        try {
            check(
                    (int) TreeCalls.SYMLINKAT.invokeExact(errno, text(otherPath, target), directory, text(path, name)),
                    "symlink", name);
        } catch (Throwable e) {
            throw rethrow(e);
        }
    }

    /// A hard link; a symbolic link as `oldName` is linked itself, not what it points to.
    public void linkAt(int oldDirectory, String oldName, int directory, String name) throws IOException {
        try {
            check(
                    (int) TreeCalls.LINKAT.invokeExact(
                            errno, oldDirectory, text(otherPath, oldName), directory, text(path, name), 0),
                    "link", name);
        } catch (Throwable e) {
            throw rethrow(e);
        }
    }

    /// A special file; the device number is always 0, which for a character device means overlay whiteout.
    public void mknodAt(int directory, String name, int typeAndMode) throws IOException {
        try {
            check((int) TreeCalls.MKNODAT.invokeExact(errno, directory, text(path, name), typeAndMode, 0L), "mknod", name);
        } catch (Throwable e) {
            throw rethrow(e);
        }
    }

    public void unlinkAt(int directory, String name, int flags) throws IOException {
        try {
            check((int) TreeCalls.UNLINKAT.invokeExact(errno, directory, text(path, name), flags), "unlink", name);
        } catch (Throwable e) {
            throw rethrow(e);
        }
    }

    public void chown(int fd, int uid, int gid) throws IOException {
        try {
            check((int) TreeCalls.FCHOWN.invokeExact(errno, fd, uid, gid), "chown", "file");
        } catch (Throwable e) {
            throw rethrow(e);
        }
    }

    /// Changes the owner of the name itself, also when it is a symbolic link.
    public void chownAt(int directory, String name, int uid, int gid) throws IOException {
        try {
            check(
                    (int) TreeCalls.FCHOWNAT.invokeExact(errno, directory, text(path, name), uid, gid, AT_SYMLINK_NOFOLLOW),
                    "chown", name);
        } catch (Throwable e) {
            throw rethrow(e);
        }
    }

    public void chmod(int fd, int mode) throws IOException {
        try {
            check((int) TreeCalls.FCHMOD.invokeExact(errno, fd, mode), "chmod", "file");
        } catch (Throwable e) {
            throw rethrow(e);
        }
    }

    /// Follows a symbolic link: only for a name that is known not to be one.
    public void chmodAt(int directory, String name, int mode) throws IOException {
        try {
            check((int) TreeCalls.FCHMODAT.invokeExact(errno, directory, text(path, name), mode, 0), "chmod", name);
        } catch (Throwable e) {
            throw rethrow(e);
        }
    }

    public void setTimes(int fd, long seconds, int nanos) throws IOException {
        try {
            check((int) TreeCalls.FUTIMENS.invokeExact(errno, fd, times(seconds, nanos)), "utimens", "file");
        } catch (Throwable e) {
            throw rethrow(e);
        }
    }

    public void setTimesAt(int directory, String name, long seconds, int nanos) throws IOException {
        try {
            check(
                    (int) TreeCalls.UTIMENSAT.invokeExact(
                            errno, directory, text(path, name), times(seconds, nanos), AT_SYMLINK_NOFOLLOW),
                    "utimens", name);
        } catch (Throwable e) {
            throw rethrow(e);
        }
    }

    public void setAttribute(int fd, String name, byte[] content) throws IOException {
        if (content.length > VALUE_BYTES) {
            throw new IOException("extended attribute " + name + " is larger than " + VALUE_BYTES + " bytes");
        }
        var buffer = value == null ? value = arena.allocate(VALUE_BYTES) : value;
        MemorySegment.copy(content, 0, buffer, JAVA_BYTE, 0, content.length);
        try {
            check(
                    (int) TreeCalls.FSETXATTR.invokeExact(errno, fd, text(path, name), buffer, (long) content.length, 0),
                    "setxattr", name);
        } catch (Throwable e) {
            throw rethrow(e);
        }
    }

    /// Writes everything the file system of `fd` holds in memory to its disk.
    public void syncFileSystem(int fd) throws IOException {
        try {
            check((int) TreeCalls.SYNCFS.invokeExact(errno, fd), "syncfs", "file system");
        } catch (Throwable e) {
            throw rethrow(e);
        }
    }

    /// An advisory lock on an open file.
    ///
    /// @return false when [#LOCK_NB] was asked for and somebody else holds it
    public boolean lock(int fd, int operation) throws IOException {
        try {
            int result = (int) Calls.FLOCK.invokeExact(errno, fd, operation);
            if (result < 0 && errnoValue() == Errno.EAGAIN) {
                return false;
            }
            check(result, "flock", "lock");
            return true;
        } catch (Throwable e) {
            throw rethrow(e);
        }
    }

    @Override
    public void close() {
        arena.close();
    }

    private MemorySegment times(long seconds, int nanos) {
        for (int i = 0; i < 2; i++) {
            scratch.set(JAVA_LONG, 16L * i, seconds);
            scratch.set(JAVA_LONG, 16L * i + 8, nanos);
        }
        return scratch;
    }

    private static MemorySegment text(MemorySegment target, String text) throws IOException {
        byte[] encoded = text.getBytes(StandardCharsets.UTF_8);
        if (encoded.length >= PATH_BYTES) {
            throw new IOException("a name of " + encoded.length + " bytes is too long");
        }
        MemorySegment.copy(encoded, 0, target, JAVA_BYTE, 0, encoded.length);
        target.set(JAVA_BYTE, encoded.length, (byte) 0);
        return target;
    }

    private int check(int result, String call, String name) throws Errno {
        if (result < 0) {
            throw new Errno(call, name, errnoValue());
        }
        return result;
    }

    private int errnoValue() {
        return (int) Calls.ERRNO_VALUE.get(errno, 0L);
    }

    private static IOException rethrow(Throwable e) {
        return switch (e) {
            case IOException io -> io;
            case RuntimeException runtime -> throw runtime;
            case Error error -> throw error;
            default -> new IOException(e);
        };
    }
}
