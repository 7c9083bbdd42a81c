package dev.faas.store.image.posix;

import static dev.faas.store.image.posix.Calls.fixed;
import static dev.faas.store.image.posix.Calls.variadic;
import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.invoke.MethodHandle;

/// The functions that write trees of files: linked when the first layer is unpacked.
final class TreeCalls {

    static final MethodHandle OPENAT = variadic("openat", 3, JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT);
    /// `openat2` has no wrapper in the C library of Debian 12.
    static final MethodHandle SYSCALL_OPENAT2 =
            variadic("syscall", 1, JAVA_LONG, JAVA_LONG, JAVA_INT, ADDRESS, ADDRESS, JAVA_LONG);
    static final MethodHandle PWRITE = fixed("pwrite", JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG, JAVA_LONG);
    static final MethodHandle FTRUNCATE = fixed("ftruncate", JAVA_INT, JAVA_INT, JAVA_LONG);
    static final MethodHandle MKDIRAT = fixed("mkdirat", JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT);
    static final MethodHandle SYMLINKAT = fixed("symlinkat", JAVA_INT, ADDRESS, JAVA_INT, ADDRESS);
    static final MethodHandle LINKAT = fixed("linkat", JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT, ADDRESS, JAVA_INT);
    static final MethodHandle MKNODAT = fixed("mknodat", JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT, JAVA_LONG);
    static final MethodHandle UNLINKAT = fixed("unlinkat", JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT);
    static final MethodHandle FCHOWN = fixed("fchown", JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT);
    static final MethodHandle FCHOWNAT =
            fixed("fchownat", JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT, JAVA_INT);
    static final MethodHandle FCHMOD = fixed("fchmod", JAVA_INT, JAVA_INT, JAVA_INT);
    static final MethodHandle FCHMODAT = fixed("fchmodat", JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT);
    static final MethodHandle FUTIMENS = fixed("futimens", JAVA_INT, JAVA_INT, ADDRESS);
    static final MethodHandle UTIMENSAT = fixed("utimensat", JAVA_INT, JAVA_INT, ADDRESS, ADDRESS, JAVA_INT);
    static final MethodHandle FSETXATTR =
            fixed("fsetxattr", JAVA_INT, JAVA_INT, ADDRESS, ADDRESS, JAVA_LONG, JAVA_INT);
    static final MethodHandle SYNCFS = fixed("syncfs", JAVA_INT, JAVA_INT);

    private TreeCalls() {}
}
