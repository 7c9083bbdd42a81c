package dev.faas.testkit.execution;

import dev.faas.core.common.ErrorCode;
import dev.faas.core.common.PlatformException;
import dev.faas.core.execution.ExecutionRecord;
import dev.faas.core.execution.ExecutionRepository;
import dev.faas.core.execution.ExecutionState;
import dev.faas.core.execution.PageCursor;
import java.time.Instant;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Records in memory, shared by as many servers as a test wants. Thread-safe.
public final class InMemoryExecutionRepository implements ExecutionRepository {

    private static final Comparator<Row> NEWEST_FIRST = Comparator.comparing(
                    (Row row) -> row.current.createdAt())
            .thenComparing(row -> row.current.id())
            .reversed();

    private static final Comparator<Row> LAST_FINISHED_FIRST = Comparator.comparing(
                    (Row row) -> row.current.finishedAt().orElseThrow())
            .thenComparing(row -> row.current.id())
            .reversed();

    private final Shared shared;
    private final String server;
    private volatile boolean isAway;

    /// A repository of its own.
    public InMemoryExecutionRepository() {
        this(new Shared(), "server-1");
    }

    private InMemoryExecutionRepository(Shared shared, String server) {
        this.shared = shared;
        this.server = server;
        locked(() -> shared.alive.add(server));
    }

    /// Another server's view of the same records.
    public InMemoryExecutionRepository ofServer(String name) {
        return new InMemoryExecutionRepository(shared, name);
    }

    /// As if this server's process had been killed.
    public void die() {
        locked(() -> shared.alive.remove(server));
    }

    /// While away, every call fails as with a database that can't be reached.
    public void setAway(boolean away) {
        isAway = away;
    }

    /// How many times [#save] was called with success.
    public int transactions() {
        return locked(() -> shared.transactions);
    }

    @Override
    public void save(List<ExecutionRecord> records) {
        requireHere();
        locked(() -> {
            for (var one : records) {
                var row = shared.rows.get(one.id());
                if (row == null || !row.current.state().isFinal()) {
                    shared.rows.put(one.id(), new Row(one, row == null ? server : row.server));
                }
            }
            return shared.transactions++;
        });
    }

    @Override
    public Optional<ExecutionRecord> find(String tenant, String id) {
        requireHere();
        return locked(() -> Optional.ofNullable(shared.rows.get(id))
                .map(Row::current)
                .filter(one -> one.tenant().equals(tenant)));
    }

    @Override
    public Page list(Query query) {
        requireHere();
        return locked(() -> {
            var from = query.cursor().map(PageCursor::parse);
            var found = shared.rows.values().stream()
                    .filter(row -> matches(query, row.current))
                    .filter(row -> from.isEmpty() || PageCursor.of(row.current).isOlderThan(from.get()))
                    .sorted(NEWEST_FIRST)
                    .limit(query.limit() + 1L)
                    .map(row -> row.current.withoutOutput())
                    .toList();
            boolean isMore = found.size() > query.limit();
            var page = isMore ? found.subList(0, query.limit()) : found;
            return new Page(page, isMore ? Optional.of(PageCursor.of(page.getLast()).encoded()) : Optional.empty());
        });
    }

    @Override
    public int failUnfinished(String reason, Instant now) {
        requireHere();
        return locked(() -> {
            shared.claims.replaceAll((key, claim) -> isDead(claim.server) ? claim.abandoned() : claim);
            shared.claims.values().removeIf(
                    claim -> claim.isAbandoned && claim.answer == null && !shared.rows.containsKey(claim.executionId));
            int count = 0;
            for (var row : shared.rows.entrySet()) {
                if (isDead(row.getValue().server) && !row.getValue().current.state().isFinal()) {
                    row.setValue(new Row(failed(row.getValue().current, reason, now), row.getValue().server));
                    count++;
                }
            }
            return count;
        });
    }

    @Override
    public int deleteFinishedBefore(Instant time, int limit) {
        requireHere();
        return locked(() -> {
            var old = finished().reversed().stream()
                    .filter(row -> row.current.finishedAt().orElseThrow().isBefore(time))
                    .limit(limit)
                    .toList();
            old.forEach(row -> shared.rows.remove(row.current.id()));
            return old.size();
        });
    }

    @Override
    public int deleteFinishedBeyond(long keep, int limit) {
        requireHere();
        return locked(() -> {
            var old = finished().stream().skip(keep).toList().reversed().stream().limit(limit).toList();
            old.forEach(row -> shared.rows.remove(row.current.id()));
            return old.size();
        });
    }

    @Override
    public int deleteExpiredKeys(Instant now, int limit) {
        requireHere();
        return locked(() -> {
            var old = shared.claims.entrySet().stream()
                    .filter(claim -> !claim.getValue().expiresAt.isAfter(now))
                    .limit(limit)
                    .map(Map.Entry::getKey)
                    .toList();
            old.forEach(shared.claims::remove);
            return old.size();
        });
    }

    @Override
    public IdempotencyClaim claim(
            String tenant, String key, String requestHash, String executionId, Instant now, Instant expiresAt) {
        requireHere();
        return locked(() -> {
            var there = shared.claims.get(new Key(tenant, key));
            if (there == null || !there.expiresAt.isAfter(now)) {
                shared.claims.put(
                        new Key(tenant, key), new Claim(requestHash, executionId, expiresAt, server, false, null));
                return new IdempotencyClaim.Claimed();
            }
            return there.answerTo(requestHash);
        });
    }

    @Override
    public void complete(String tenant, String key, StoredAnswer answer) {
        requireHere();
        locked(() -> shared.claims.computeIfPresent(new Key(tenant, key), (same, claim) -> claim.completed(answer)));
    }

    @Override
    public void release(String tenant, String key) {
        requireHere();
        locked(() -> shared.claims.computeIfPresent(
                new Key(tenant, key), (same, claim) -> claim.answer == null ? null : claim));
    }

    private List<Row> finished() {
        return shared.rows.values().stream()
                .filter(row -> row.current.state().isFinal())
                .sorted(LAST_FINISHED_FIRST)
                .toList();
    }

    private static boolean matches(Query query, ExecutionRecord one) {
        return one.tenant().equals(query.tenant())
                && query.state().map(state -> state == one.state()).orElse(true)
                && query.image().map(image -> image.equals(one.image())).orElse(true)
                && one.labels().entrySet().containsAll(query.labels().entrySet())
                && query.createdAfter().map(time -> one.createdAt().isAfter(time)).orElse(true)
                && query.createdBefore().map(time -> one.createdAt().isBefore(time)).orElse(true);
    }

    private static ExecutionRecord failed(ExecutionRecord one, String reason, Instant now) {
        return new ExecutionRecord(
                one.id(),
                one.tenant(),
                ExecutionState.FAILED,
                one.mode(),
                one.instance(),
                one.image(),
                one.argv(),
                one.labels(),
                one.createdAt(),
                one.startedAt(),
                Optional.of(now),
                ErrorCode.SANDBOX_FAILED.wire(),
                reason,
                one.cache(),
                Optional.empty());
    }

    private boolean isDead(String name) {
        return !shared.alive.contains(name);
    }

    private void requireHere() {
        if (isAway) {
            throw new PlatformException(ErrorCode.STORE_UNAVAILABLE, "the database can't be reached");
        }
    }

    private <T extends @Nullable Object> T locked(Supplier<T> action) {
        shared.lock.lock();
        try {
            return action.get();
        } finally {
            shared.lock.unlock();
        }
    }

    private static final class Shared {
        private final ReentrantLock lock = new ReentrantLock();
        private final Map<String, Row> rows = new HashMap<>();
        private final Map<Key, Claim> claims = new HashMap<>();
        private final Set<String> alive = new HashSet<>();
        private int transactions;
    }

    private record Row(ExecutionRecord current, String server) {}

    private record Key(String tenant, String key) {}

    private record Claim(
            String requestHash,
            String executionId,
            Instant expiresAt,
            String server,
            boolean isAbandoned,
            @Nullable StoredAnswer answer) {

        private Claim abandoned() {
            return new Claim(requestHash, executionId, expiresAt, server, true, answer);
        }

        private Claim completed(StoredAnswer given) {
            return new Claim(requestHash, executionId, expiresAt, server, isAbandoned, given);
        }

        private IdempotencyClaim answerTo(String hash) {
            if (!requestHash.equals(hash)) {
                return new IdempotencyClaim.Mismatch();
            }
            if (answer != null) {
                return new IdempotencyClaim.Completed(answer);
            }
            return isAbandoned
                    ? new IdempotencyClaim.Abandoned(executionId)
                    : new IdempotencyClaim.InProgress(executionId);
        }
    }
}
