package dev.faas.core.cache;

import dev.faas.core.sandbox.Isolation;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Keeps results by what they are results of. Thread-safe. A call that returns has made its change durable; every method throws
/// `STORE_UNAVAILABLE` when the database can't be reached. No call ever sees what another tenant's calls have put.
public interface CachedResultRepository {

    /// What is kept under a key, whether it is still young enough or not.
    Optional<Entry> find(String tenant, String key);

    /// The result an entry is about. Nothing if it has been removed or replaced meanwhile.
    Optional<Content> load(Entry entry);

    /// Keeps a result, in the place of what was kept under its key, and removes those that were not used for the longest time until all
    /// entries together are within the bounds.
    ///
    /// @return how many were removed for want of room, by the tenant whose they were
    Map<String, Integer> put(Entry entry, Content content, Bounds bounds);

    /// Notes when entries were used. One that is gone is left out; a time before the one that is noted changes nothing.
    void touch(Collection<Use> uses);

    /// Removes the entry if it is still there unchanged.
    void remove(Entry entry);

    /// Removes a tenant's entries: all, or those under a name.
    ///
    /// @return how many there were
    int clear(String tenant, Optional<String> name);

    /// Removes what expired before, at most `limit`.
    int deleteExpired(Instant now, int limit);

    /// What there is of a tenant, or of all of them, that is not expired.
    Usage usage(Optional<String> tenant, Instant now);

    /// @param key       what the content comes down to
    /// @param name      the caller's own; empty if there is none
    /// @param source    the execution that ran the command
    /// @param expiresAt nobody gets it from then on
    /// @param bytes     of output and files
    record Entry(
            String tenant, String key, String name, String source, Instant createdAt, Instant expiresAt, long bytes) {}

    record Content(
            int exitCode, byte[] stdout, byte[] stderr, List<File> files, Isolation isolation, String imageDigest) {

        public Content {
            files = List.copyOf(files);
        }
    }

    record File(String path, byte[] content) {}

    record Use(String tenant, String key, Instant time) {}

    record Bounds(long bytes, int entries) {}

    record Usage(long entries, long bytes) {}
}
