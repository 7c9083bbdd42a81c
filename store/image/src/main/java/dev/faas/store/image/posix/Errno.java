package dev.faas.store.image.posix;

import java.io.IOException;

/// A system call that failed, with its error number. The numbers used here are the same on every Linux architecture
/// the platform supports (x86-64 and arm64).
public final class Errno extends IOException {

    public static final int EPERM = 1;
    public static final int ENOENT = 2;
    public static final int EINTR = 4;
    public static final int EAGAIN = 11;
    public static final int EEXIST = 17;
    public static final int EXDEV = 18;
    public static final int ENOTDIR = 20;
    public static final int EISDIR = 21;
    public static final int EINVAL = 22;
    public static final int ENOSPC = 28;
    public static final int ELOOP = 40;
    public static final int EOPNOTSUPP = 95;
    public static final int EDQUOT = 122;

    private static final long serialVersionUID = 1L;

    private final int number;

    Errno(String call, String path, int number) {
        super(call + " " + path + ": " + describe(number));
        this.number = number;
    }

    public int number() {
        return number;
    }

    /// Whether the disk (or the quota) is full.
    public boolean isDiskFull() {
        return number == ENOSPC || number == EDQUOT;
    }

    private static String describe(int number) {
        return switch (number) {
            case EPERM -> "not permitted";
            case ENOENT -> "no such file";
            case EEXIST -> "exists already";
            case EXDEV -> "leaves the directory";
            case ENOTDIR -> "not a directory";
            case EISDIR -> "a directory";
            case EINVAL -> "invalid argument";
            case ENOSPC -> "no space left on the disk";
            case ELOOP -> "too many symbolic links";
            case EOPNOTSUPP -> "not supported by the file system";
            case EDQUOT -> "disk quota exceeded";
            default -> "error " + number;
        };
    }
}
