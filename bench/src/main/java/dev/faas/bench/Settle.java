package dev.faas.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/// Waits for the kernel to finish what it does behind our back (network namespaces die asynchronously) before counting.
final class Settle {

    private static final long LIMIT_NANOS = TimeUnit.SECONDS.toNanos(30);
    private static final long POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

    /// What is still more than before after the pools have had time to return to their size.
    static List<String> growthSince(HostCounts before, Path dataDir) throws IOException {
        long start = System.nanoTime();
        var growth = HostCounts.take(dataDir).growthSince(before);
        while (!growth.isEmpty() && System.nanoTime() - start < LIMIT_NANOS) {
            LockSupport.parkNanos(POLL_NANOS);
            growth = HostCounts.take(dataDir).growthSince(before);
        }
        return growth;
    }

    static void seconds(int seconds) {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
        for (long left = end - System.nanoTime(); left > 0; left = end - System.nanoTime()) {
            LockSupport.parkNanos(left);
        }
    }

    private Settle() {}
}
