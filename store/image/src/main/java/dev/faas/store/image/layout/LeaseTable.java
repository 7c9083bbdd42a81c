package dev.faas.store.image.layout;

import dev.faas.store.image.posix.FileLock;
import java.io.IOException;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;

/// Who needs which blob or layer: a shared lock on a file per digest, which dies with its process; within a process
/// holders are counted. Whoever deletes takes the lock exclusively first. Thread-safe.
public final class LeaseTable {

    private final StoreLayout layout;
    private final Map<Digest, Held> held = new HashMap<>();
    private final ReentrantLock heldLock = new ReentrantLock();

    public LeaseTable(StoreLayout layout) {
        this.layout = layout;
    }

    /// A holder of nothing yet.
    public Holding holding() {
        return new Holding();
    }

    /// The right to delete, unless somebody holds what the digest names.
    Optional<FileLock> tryClaim(Digest digest) throws IOException {
        return FileLock.tryExclusive(layout.lock(lockName(digest)));
    }

    private static String lockName(Digest digest) {
        return "lease-" + digest.hex();
    }

    private void hold(Digest digest) throws IOException, InterruptedException {
        if (share(digest, Optional.empty())) {
            return;
        }
        // Taken outside the lock: it may wait for a deletion. If another thread was quicker, its lock is as good.
        var lock = FileLock.shared(layout.lock(lockName(digest)));
        if (share(digest, Optional.of(lock))) {
            lock.close();
        }
    }

    /// @return whether somebody held the digest before; if not, `fresh` holds it from now on
    private boolean share(Digest digest, Optional<FileLock> fresh) {
        heldLock.lock();
        try {
            var existing = held.get(digest);
            if (existing != null) {
                held.put(digest, new Held(existing.lock(), existing.count() + 1));
                return true;
            }
            fresh.ifPresent(lock -> held.put(digest, new Held(lock, 1)));
            return false;
        } finally {
            heldLock.unlock();
        }
    }

    private void release(Digest digest) {
        FileLock unused;
        heldLock.lock();
        try {
            var existing = held.get(digest);
            if (existing == null) {
                throw new IllegalStateException("released more often than held: " + digest);
            }
            if (existing.count() > 1) {
                held.put(digest, new Held(existing.lock(), existing.count() - 1));
                return;
            }
            held.remove(digest);
            unused = existing.lock();
        } finally {
            heldLock.unlock();
        }
        unused.close();
    }

    private record Held(FileLock lock, int count) {}

    /// Keeps what it was told to from being deleted until it is closed; closing twice does nothing. Thread-safe.
    public final class Holding implements AutoCloseable {

        private final Set<Digest> mine = new HashSet<>();
        private final ReentrantLock mineLock = new ReentrantLock();

        private Holding() {}

        /// What is missing already stays missing: look after this returns.
        public void hold(Digest digest) throws IOException, InterruptedException {
            LeaseTable.this.hold(digest);
            mineLock.lock();
            boolean first;
            try {
                first = mine.add(digest);
            } finally {
                mineLock.unlock();
            }
            if (!first) {
                release(digest);
            }
        }

        @Override
        public void close() {
            Set<Digest> released;
            mineLock.lock();
            try {
                released = Set.copyOf(mine);
                mine.clear();
            } finally {
                mineLock.unlock();
            }
            released.forEach(LeaseTable.this::release);
        }
    }
}
