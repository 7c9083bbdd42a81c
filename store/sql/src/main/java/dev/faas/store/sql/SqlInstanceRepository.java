package dev.faas.store.sql;

import dev.faas.core.execution.PageCursor;
import dev.faas.core.instance.Instance;
import dev.faas.core.instance.InstanceRepository;
import dev.faas.core.instance.InstanceState;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jdbi.v3.core.Handle;

/// Instances in a database. Thread-safe.
final class SqlInstanceRepository implements InstanceRepository {

    private static final String SELECT = "SELECT " + InstanceRows.COLUMNS + " FROM instances WHERE ";

    private final SqlTransactions transactions;
    private final ServerLease lease;

    SqlInstanceRepository(SqlTransactions transactions, ServerLease lease) {
        this.transactions = transactions;
        this.lease = lease;
    }

    @Override
    public boolean insert(Instance created) {
        return transactions.write(handle -> {
            var insert = handle.createUpdate(InstanceRows.INSERT).bind("server", lease.serverId());
            InstanceRows.bindAll(insert, created);
            boolean isNew = insert.execute() > 0;
            if (isNew && !created.labels().isEmpty()) {
                var batch = handle.prepareBatch(InstanceRows.INSERT_LABEL);
                created.labels().forEach((name, value) -> batch.bind("id", created.id())
                        .bind("name", ExecutionRows.text(name))
                        .bind("value", ExecutionRows.text(value))
                        .add());
                batch.execute();
            }
            return isNew;
        });
    }

    @Override
    public void update(List<Instance> instances) {
        if (instances.isEmpty()) {
            return;
        }
        transactions.write(handle -> {
            var batch = handle.prepareBatch(InstanceRows.UPDATE);
            instances.forEach(one -> {
                InstanceRows.bindChanging(batch, one);
                batch.add();
            });
            return batch.execute().length;
        });
    }

    @Override
    public Optional<Instance> find(String tenant, String id) {
        return one("id = :id AND tenant = :tenant", Map.of("id", id, "tenant", tenant));
    }

    @Override
    public Optional<Instance> findByName(String tenant, String name) {
        return one(
                "tenant = :tenant AND name = :name AND ended_at IS NULL AND name <> ''",
                Map.of("tenant", tenant, "name", name));
    }

    @Override
    public Page list(Query query) {
        return transactions.read(handle -> {
            var filter = filter(query);
            var found = handle.createQuery(SELECT + filter.conditions() + " ORDER BY created_at DESC, id DESC LIMIT :limit")
                    .bindMap(filter.values())
                    .bind("limit", query.limit() + 1)
                    .map((row, context) -> InstanceRows.read(row, Map.of()))
                    .list();
            boolean isMore = found.size() > query.limit();
            var page = isMore ? found.subList(0, query.limit()) : found;
            return new Page(
                    labelled(handle, page),
                    isMore ? Optional.of(cursor(page.getLast()).encoded()) : Optional.empty());
        });
    }

    @Override
    public boolean delete(String tenant, String id) {
        return transactions.write(handle -> handle.createUpdate(
                                "DELETE FROM instances WHERE id = :id AND tenant = :tenant AND ended_at IS NOT NULL")
                        .bind("id", id)
                        .bind("tenant", tenant)
                        .execute())
                > 0;
    }

    @Override
    public int failOrphans(String reason, Instant now) {
        return transactions.write(handle -> {
            lease.removeDead(handle);
            return handle.createUpdate("UPDATE instances SET state = :state, reason = :reason, ended_at = :now,"
                            + " version = version + 1"
                            + " WHERE ended_at IS NULL AND server <> :self AND server NOT IN (SELECT id FROM servers)")
                    .bind("self", lease.serverId())
                    .bind("state", InstanceState.FAILED.name())
                    .bind("reason", reason)
                    .bind("now", ExecutionRows.micros(now))
                    .execute();
        });
    }

    @Override
    public int deleteEndedBefore(Instant time, int limit) {
        return transactions.write(handle -> handle.createUpdate("DELETE FROM instances WHERE id IN ("
                        + "SELECT id FROM instances WHERE ended_at < :time ORDER BY ended_at, id LIMIT :limit)")
                .bind("time", ExecutionRows.micros(time))
                .bind("limit", limit)
                .execute());
    }

    private static SqlFilter filter(Query query) {
        var filter = new SqlFilter();
        filter.add("tenant = :tenant", "tenant", query.tenant());
        query.state().ifPresent(state -> filter.add("state = :state", "state", state.name()));
        query.name().ifPresent(name -> filter.add("name = :name", "name", name));
        query.labels().forEach((name, value) ->
                filter.addLabel("instances", "instance_labels", "instance_id", name, value));
        query.cursor().map(PageCursor::parse).ifPresent(filter::addCursor);
        return filter;
    }

    private Optional<Instance> one(String condition, Map<String, String> values) {
        return transactions.read(handle -> {
            var found = handle.createQuery(SELECT + condition)
                    .bindMap(values)
                    .map((row, context) -> InstanceRows.read(row, Map.of()))
                    .list();
            return labelled(handle, found).stream().findFirst();
        });
    }

    private static List<Instance> labelled(Handle handle, List<Instance> found) {
        if (found.isEmpty()) {
            return found;
        }
        var labels = new HashMap<String, Map<String, String>>();
        handle.createQuery("SELECT instance_id, name, value FROM instance_labels WHERE instance_id IN (<ids>)")
                .bindList("ids", found.stream().map(Instance::id).toList())
                .map((row, context) -> labels.computeIfAbsent(row.getString("instance_id"), id -> new HashMap<>())
                        .put(row.getString("name"), row.getString("value")))
                .list();
        return found.stream()
                .map(one -> one.withLabels(labels.getOrDefault(one.id(), Map.of())))
                .toList();
    }

    private static PageCursor cursor(Instance last) {
        return new PageCursor(last.times().createdAt(), last.id());
    }
}
