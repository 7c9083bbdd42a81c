package dev.faas.store.sql;

import dev.faas.core.common.ErrorCode;
import dev.faas.core.common.PlatformException;
import dev.faas.core.execution.ExecutionRepository.IdempotencyClaim;
import dev.faas.core.execution.ExecutionRepository.StoredAnswer;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.Optional;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.statement.StatementContext;

/// Who uses which idempotency key for what. Thread-safe; claims are atomic over all users of the database.
final class IdempotencyTable {

    /// A claim can be beaten to a row that is given back at once; it is not beaten for ever.
    private static final int ATTEMPTS = 10;

    private static final String CLAIM = "INSERT INTO idempotency_keys (tenant, request_key, request_hash, execution_id,"
            + " server, expires_at, is_abandoned, status, content_type, body)"
            + " VALUES (:tenant, :key, :hash, :execution, :server, :expires, 0, NULL, NULL, NULL)"
            + " ON CONFLICT (tenant, request_key) DO UPDATE SET request_hash = excluded.request_hash,"
            + " execution_id = excluded.execution_id, server = excluded.server, expires_at = excluded.expires_at,"
            + " is_abandoned = 0, status = NULL, content_type = NULL, body = NULL"
            + " WHERE idempotency_keys.expires_at <= :now";

    private final SqlTransactions transactions;
    private final ServerLease lease;

    IdempotencyTable(SqlTransactions transactions, ServerLease lease) {
        this.transactions = transactions;
        this.lease = lease;
    }

    IdempotencyClaim claim(
            String tenant, String key, String requestHash, String executionId, Instant now, Instant expiresAt) {
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            var claim = transactions.write(handle -> {
                int changed = handle.createUpdate(CLAIM)
                        .bind("tenant", tenant)
                        .bind("key", key)
                        .bind("hash", requestHash)
                        .bind("execution", executionId)
                        .bind("server", lease.serverId())
                        .bind("expires", ExecutionRows.micros(expiresAt))
                        .bind("now", ExecutionRows.micros(now))
                        .execute();
                return changed > 0
                        ? Optional.<IdempotencyClaim>of(new IdempotencyClaim.Claimed())
                        : held(handle, tenant, key, requestHash);
            });
            if (claim.isPresent()) {
                return claim.get();
            }
        }
        throw new PlatformException(ErrorCode.STORE_UNAVAILABLE, "the idempotency key changes hands all the time");
    }

    void complete(String tenant, String key, StoredAnswer answer) {
        transactions.write(handle -> handle.createUpdate("UPDATE idempotency_keys SET status = :status,"
                        + " content_type = :type, body = :body WHERE tenant = :tenant AND request_key = :key")
                .bind("status", answer.status())
                .bind("type", answer.contentType())
                .bind("body", answer.body())
                .bind("tenant", tenant)
                .bind("key", key)
                .execute());
    }

    void release(String tenant, String key) {
        transactions.write(handle -> handle.createUpdate(
                        "DELETE FROM idempotency_keys WHERE tenant = :tenant AND request_key = :key AND status IS NULL")
                .bind("tenant", tenant)
                .bind("key", key)
                .execute());
    }

    int deleteExpired(Instant now, int limit) {
        return transactions.write(handle -> handle.createUpdate("DELETE FROM idempotency_keys"
                        + " WHERE (tenant, request_key) IN (SELECT tenant, request_key FROM idempotency_keys"
                        + " WHERE expires_at <= :now ORDER BY expires_at LIMIT :limit)")
                .bind("now", ExecutionRows.micros(now))
                .bind("limit", limit)
                .execute());
    }

    /// Settles the open claims of servers that are no more. One without a record was never started: the key is free again.
    void abandonOrphans(Handle handle) {
        handle.createUpdate("DELETE FROM idempotency_keys WHERE status IS NULL AND server <> :self"
                        + " AND server NOT IN (SELECT id FROM servers)"
                        + " AND NOT EXISTS (SELECT 1 FROM executions WHERE id = idempotency_keys.execution_id)")
                .bind("self", lease.serverId())
                .execute();
        handle.createUpdate("UPDATE idempotency_keys SET is_abandoned = 1 WHERE status IS NULL AND is_abandoned = 0"
                        + " AND server <> :self AND server NOT IN (SELECT id FROM servers)")
                .bind("self", lease.serverId())
                .execute();
    }

    private static Optional<IdempotencyClaim> held(Handle handle, String tenant, String key, String requestHash) {
        return handle.createQuery("SELECT request_hash, execution_id, is_abandoned, status, content_type, body"
                        + " FROM idempotency_keys WHERE tenant = :tenant AND request_key = :key")
                .bind("tenant", tenant)
                .bind("key", key)
                .map((row, context) -> read(row, context, requestHash))
                .findOne();
    }

    private static IdempotencyClaim read(ResultSet row, StatementContext context, String requestHash)
            throws SQLException {
        if (!row.getString("request_hash").equals(requestHash)) {
            return new IdempotencyClaim.Mismatch();
        }
        int status = row.getInt("status");
        if (!row.wasNull()) {
            return new IdempotencyClaim.Completed(
                    new StoredAnswer(status, row.getString("content_type"), row.getBytes("body")));
        }
        var executionId = row.getString("execution_id");
        return row.getInt("is_abandoned") != 0
                ? new IdempotencyClaim.Abandoned(executionId)
                : new IdempotencyClaim.InProgress(executionId);
    }
}
