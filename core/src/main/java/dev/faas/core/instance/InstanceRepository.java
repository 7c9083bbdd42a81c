package dev.faas.core.instance;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Keeps what is known of instances. Thread-safe. A call that returns has made its change durable; every method throws
/// `STORE_UNAVAILABLE` when the database can't be reached.
public interface InstanceRepository {

    /// Records a new instance as this server's.
    ///
    /// @return false when its name is taken by a living one of the tenant
    boolean insert(Instance created);

    /// Replaces each record that is there by one with a higher version, in one transaction. One that isn't there stays away, and one that
    /// has ended stays as it is: its server may have been taken for dead, and its name be another's by now.
    void update(List<Instance> instances);

    Optional<Instance> find(String tenant, String id);

    /// The living one of this name.
    Optional<Instance> findByName(String tenant, String name);

    /// Newest first.
    Page list(Query query);

    /// Forgets one that has ended.
    ///
    /// @return whether it was there and had ended
    boolean delete(String tenant, String id);

    /// Marks every living instance of a server that is no longer alive as FAILED with the reason: its sandbox died with the server.
    ///
    /// @return how many there were
    int failOrphans(String reason, Instant now);

    /// Forgets those that ended before the time, at most `limit`.
    int deleteEndedBefore(Instant time, int limit);

    /// @param labels every one must match
    /// @param cursor from the page before; empty = from the newest
    record Query(
            String tenant,
            Optional<InstanceState> state,
            Optional<String> name,
            Map<String, String> labels,
            int limit,
            Optional<String> cursor) {

        public Query {
            labels = Map.copyOf(labels);
        }
    }

    record Page(List<Instance> instances, Optional<String> nextCursor) {}
}
