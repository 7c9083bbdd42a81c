package dev.faas.store.sql;

import dev.faas.core.common.ErrorCode;
import dev.faas.core.execution.ExecutionRecord;
import dev.faas.core.execution.ExecutionRepository;
import dev.faas.core.execution.ExecutionState;
import dev.faas.core.execution.PageCursor;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jdbi.v3.core.Handle;

/// Execution records in a database. Thread-safe.
final class SqlExecutionRepository implements ExecutionRepository {

    private final SqlTransactions transactions;
    private final ServerLease lease;
    private final IdempotencyTable keys;

    SqlExecutionRepository(SqlTransactions transactions, ServerLease lease) {
        this.transactions = transactions;
        this.lease = lease;
        keys = new IdempotencyTable(transactions, lease);
    }

    @Override
    public void save(List<ExecutionRecord> records) {
        if (!records.isEmpty()) {
            transactions.write(handle -> {
                ExecutionRows.insert(handle, records, lease.serverId());
                return records.size();
            });
        }
    }

    @Override
    public Optional<ExecutionRecord> find(String tenant, String id) {
        return transactions.read(handle -> handle.createQuery(
                        "SELECT " + ExecutionRows.ALL_COLUMNS + " FROM " + ExecutionRows.TABLES
                        + " WHERE id = :id AND tenant = :tenant")
                .bind("id", id)
                .bind("tenant", tenant)
                .map((row, context) -> ExecutionRows.read(
                        row,
                        labels(handle, List.of(id)).getOrDefault(id, Map.of()),
                        ExecutionRows.files(handle, id)))
                .findOne());
    }

    @Override
    public Page list(Query query) {
        return transactions.read(handle -> {
            var found = found(handle, query);
            boolean isMore = found.size() > query.limit();
            var page = isMore ? found.subList(0, query.limit()) : found;
            var next = isMore ? Optional.of(PageCursor.of(page.getLast()).encoded()) : Optional.<String>empty();
            return new Page(List.copyOf(page), next);
        });
    }

    @Override
    public int failUnfinished(String reason, Instant now) {
        return transactions.write(handle -> {
            lease.removeDead(handle);
            keys.abandonOrphans(handle);
            return handle.createUpdate("UPDATE executions SET state = :state, finished_at = :now, error_code = :code,"
                            + " error_detail = :reason"
                            + " WHERE finished_at IS NULL AND server <> :self"
                            + " AND server NOT IN (SELECT id FROM servers)")
                    .bind("self", lease.serverId())
                    .bind("state", ExecutionState.FAILED.name())
                    .bind("now", ExecutionRows.micros(now))
                    .bind("code", ErrorCode.SANDBOX_FAILED.wire())
                    .bind("reason", reason)
                    .execute();
        });
    }

    @Override
    public int deleteFinishedBefore(Instant time, int limit) {
        return transactions.write(handle -> handle.createUpdate("DELETE FROM executions WHERE id IN ("
                        + "SELECT id FROM executions WHERE finished_at < :time ORDER BY finished_at, id LIMIT :limit)")
                .bind("time", ExecutionRows.micros(time))
                .bind("limit", limit)
                .execute());
    }

    @Override
    public int deleteFinishedBeyond(long keep, int limit) {
        return transactions.write(handle -> handle.createUpdate("DELETE FROM executions WHERE id IN ("
                        + "SELECT id FROM (SELECT id, finished_at FROM executions WHERE finished_at IS NOT NULL"
                        + " ORDER BY finished_at DESC, id DESC LIMIT :limit OFFSET :keep) AS surplus)")
                .bind("keep", keep)
                .bind("limit", limit)
                .execute());
    }

    @Override
    public int deleteExpiredKeys(Instant now, int limit) {
        return keys.deleteExpired(now, limit);
    }

    @Override
    public IdempotencyClaim claim(
            String tenant, String key, String requestHash, String executionId, Instant now, Instant expiresAt) {
        return keys.claim(tenant, key, requestHash, executionId, now, expiresAt);
    }

    @Override
    public void complete(String tenant, String key, StoredAnswer answer) {
        keys.complete(tenant, key, answer);
    }

    @Override
    public void release(String tenant, String key) {
        keys.release(tenant, key);
    }

    private static List<ExecutionRecord> found(Handle handle, Query query) {
        var filter = new SqlFilter();
        filter.add("tenant = :tenant", "tenant", query.tenant());
        query.state().ifPresent(state -> filter.add("state = :state", "state", state.name()));
        query.image().ifPresent(image -> filter.add("image = :image", "image", image));
        query.createdAfter().ifPresent(time -> filter.add("created_at > :after", "after", ExecutionRows.micros(time)));
        query.createdBefore().ifPresent(time -> filter.add("created_at < :before", "before", ExecutionRows.micros(time)));
        query.labels().forEach((name, value) ->
                filter.addLabel("executions", "execution_labels", "execution_id", name, value));
        query.cursor().map(PageCursor::parse).ifPresent(filter::addCursor);
        var found = handle.createQuery("SELECT " + ExecutionRows.SUMMARY_COLUMNS + " FROM " + ExecutionRows.TABLES + " WHERE "
                        + filter.conditions() + " ORDER BY created_at DESC, id DESC LIMIT :limit")
                .bindMap(filter.values())
                .bind("limit", query.limit() + 1)
                .map((row, context) -> ExecutionRows.read(row, Map.of(), List.of()))
                .list();
        var labels = labels(handle, found.stream().map(ExecutionRecord::id).toList());
        return found.stream()
                .map(one -> one.withLabels(labels.getOrDefault(one.id(), Map.of())))
                .toList();
    }

    /// By execution; one without labels isn't in it.
    private static Map<String, Map<String, String>> labels(Handle handle, List<String> ids) {
        if (ids.isEmpty()) {
            return Map.of();
        }
        var labels = new HashMap<String, Map<String, String>>();
        handle.createQuery("SELECT execution_id, name, value FROM execution_labels WHERE execution_id IN (<ids>)")
                .bindList("ids", ids)
                .map((row, context) -> labels.computeIfAbsent(row.getString("execution_id"), id -> new HashMap<>())
                        .put(row.getString("name"), row.getString("value")))
                .list();
        return labels;
    }
}
