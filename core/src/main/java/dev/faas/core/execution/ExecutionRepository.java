package dev.faas.core.execution;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Keeps execution records and idempotency keys. Thread-safe. A call that returns has made its change durable; every method throws
/// `STORE_UNAVAILABLE` when the database can't be reached.
public interface ExecutionRepository {

    /// Inserts or replaces the records, in order, in one transaction. A record in a final state is never replaced.
    void save(List<ExecutionRecord> records);

    Optional<ExecutionRecord> find(String tenant, String id);

    /// Newest first, and without what the commands printed or the files they returned, which may be megabytes: [#find] has those. Other
    /// figures of the result are there.
    Page list(Query query);

    /// Marks every unfinished execution of a server that is no longer alive as FAILED with the reason, and what those servers had
    /// claimed as abandoned. Executions of this server and of others that are alive stay as they are. Called at start, before
    /// anything is accepted, and from time to time.
    ///
    /// @return how many executions there were
    int failUnfinished(String reason, Instant now);

    /// Deletes final records finished before the time, at most `limit`.
    int deleteFinishedBefore(Instant time, int limit);

    /// Deletes final records beyond the `keep` that finished last, at most `limit`.
    int deleteFinishedBeyond(long keep, int limit);

    /// Deletes keys whose time is over, at most `limit`.
    int deleteExpiredKeys(Instant now, int limit);

    /// Claims a key, or says who holds it. Atomic over all users of the database.
    ///
    /// @param requestHash of the whole request; another one under the same key is the caller's mistake
    /// @param now         a claim whose time was over by then counts no more
    IdempotencyClaim claim(
            String tenant, String key, String requestHash, String executionId, Instant now, Instant expiresAt);

    /// Stores the answer to replay.
    void complete(String tenant, String key, StoredAnswer answer);

    /// Gives a claim back, after a failure that may be retried.
    void release(String tenant, String key);

    /// @param labels every one must match
    /// @param cursor from the page before; empty = from the newest
    record Query(
            String tenant,
            Optional<ExecutionState> state,
            Optional<String> image,
            Map<String, String> labels,
            Optional<Instant> createdAfter,
            Optional<Instant> createdBefore,
            int limit,
            Optional<String> cursor) {}

    record Page(List<ExecutionRecord> records, Optional<String> nextCursor) {}

    record StoredAnswer(int status, String contentType, byte[] body) {}

    sealed interface IdempotencyClaim {
        /// The caller holds it now.
        record Claimed() implements IdempotencyClaim {}

        /// Somebody's is still running.
        record InProgress(String executionId) implements IdempotencyClaim {}

        /// The server that ran it died before it could answer; the execution's record says what is known. Nothing repeats it by
        /// itself, because it may have had effects.
        record Abandoned(String executionId) implements IdempotencyClaim {}

        /// It was used for another request.
        record Mismatch() implements IdempotencyClaim {}

        record Completed(StoredAnswer answer) implements IdempotencyClaim {}
    }
}
