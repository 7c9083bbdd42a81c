package dev.faas.store.image.posix;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;

/// An advisory lock that dies with its process. Unlike `java.nio`'s, it belongs to the one who opened it: two holders
/// in one process exclude each other just as two processes do, and closing another descriptor of the file releases
/// nothing. Its file may be deleted by the one who holds it exclusively. Thread-safe.
public final class FileLock implements AutoCloseable {

    /// Waiting is by asking again: a blocking call would hold a carrier thread for as long as another process works.
    private static final Duration ASK_AGAIN = Duration.ofMillis(20);

    private final int descriptor;
    private final AtomicBoolean open = new AtomicBoolean(true);

    private FileLock(int descriptor) {
        this.descriptor = descriptor;
    }

    /// Waits until the lock is free.
    public static FileLock exclusive(Path file) throws IOException, InterruptedException {
        return waitFor(file, Posix.LOCK_EX);
    }

    /// Waits until nobody holds the lock exclusively.
    public static FileLock shared(Path file) throws IOException, InterruptedException {
        return waitFor(file, Posix.LOCK_SH);
    }

    /// The lock, unless somebody holds it.
    public static Optional<FileLock> tryExclusive(Path file) throws IOException {
        return attempt(file, Posix.LOCK_EX);
    }

    private static FileLock waitFor(Path file, int kind) throws IOException, InterruptedException {
        while (true) {
            var lock = attempt(file, kind);
            if (lock.isPresent()) {
                return lock.get();
            }
            LockSupport.parkNanos(ASK_AGAIN.toNanos());
            if (Thread.interrupted()) {
                throw new InterruptedException("while waiting for " + file);
            }
        }
    }

    private static Optional<FileLock> attempt(Path file, int kind) throws IOException {
        try (var posix = new Posix()) {
            int descriptor = posix.open(file.toString(), Posix.O_RDWR | Posix.O_CREAT, 0644);
            boolean held = false;
            try {
                held = posix.lock(descriptor, kind | Posix.LOCK_NB) && isStill(file, descriptor);
                return held ? Optional.of(new FileLock(descriptor)) : Optional.empty();
            } finally {
                if (!held) {
                    posix.close(descriptor);
                }
            }
        }
    }

    /// A lock on a file that its last holder has deleted excludes nobody: the name leads to another file now.
    private static boolean isStill(Path file, int descriptor) throws IOException {
        try {
            return Files.isSameFile(file, Path.of("/proc/self/fd/" + descriptor));
        } catch (NoSuchFileException e) {
            return false;
        }
    }

    @Override
    public void close() {
        if (!open.compareAndSet(true, false)) {
            return;
        }
        try (var posix = new Posix()) {
            posix.close(descriptor);
        } catch (IOException e) {
            throw new IllegalStateException("closing a lock that was open", e);
        }
    }
}
