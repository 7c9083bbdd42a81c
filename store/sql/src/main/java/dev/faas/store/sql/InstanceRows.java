package dev.faas.store.sql;

import dev.faas.core.common.DataSize;
import dev.faas.core.instance.Instance;
import dev.faas.core.instance.InstanceState;
import dev.faas.core.instance.Lifetime;
import dev.faas.core.sandbox.Isolation;
import dev.faas.core.sandbox.Limits;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jdbi.v3.core.statement.SqlStatement;

/// Instances as rows.
final class InstanceRows {

    /// What never changes.
    private static final List<String> FIXED_COLUMNS = List.of(
            "id",
            "tenant",
            "name",
            "image",
            "disk_bytes",
            "open_files",
            "read_bps",
            "write_bps",
            "network",
            "ttl_nanos",
            "idle_ttl_nanos",
            "is_auto_pause",
            "created_at");

    private static final List<String> CHANGING_COLUMNS = List.of(
            "state",
            "reason",
            "isolation",
            "image_digest",
            "memory_bytes",
            "cpu_millis",
            "processes",
            "last_active_at",
            "expires_at",
            "ended_at",
            "version");

    static final String COLUMNS = String.join(", ", FIXED_COLUMNS) + ", " + String.join(", ", CHANGING_COLUMNS);

    static final String INSERT = "INSERT INTO instances (" + COLUMNS + ", server) VALUES ("
            + FIXED_COLUMNS.stream().map(column -> ":" + column).collect(Collectors.joining(", ")) + ", "
            + CHANGING_COLUMNS.stream().map(column -> ":" + column).collect(Collectors.joining(", "))
            + ", :server) ON CONFLICT DO NOTHING";

    static final String UPDATE = "UPDATE instances SET "
            + CHANGING_COLUMNS.stream().map(column -> column + " = :" + column).collect(Collectors.joining(", "))
            + " WHERE id = :id AND version < :version AND ended_at IS NULL";

    static final String INSERT_LABEL =
            "INSERT INTO instance_labels (instance_id, name, value) VALUES (:id, :name, :value)";

    private InstanceRows() {}

    static void bindAll(SqlStatement<?> statement, Instance one) {
        var limits = one.limits();
        bindChanging(statement, one);
        statement
                .bind("tenant", ExecutionRows.text(one.tenant()))
                .bind("name", ExecutionRows.text(one.name()))
                .bind("image", one.image())
                .bind("disk_bytes", limits.disk().bytes())
                .bind("open_files", limits.openFiles())
                .bind("read_bps", limits.readBps())
                .bind("write_bps", limits.writeBps())
                .bind("network", NetworkText.of(one.network()))
                .bind("ttl_nanos", one.lifetime().ttl().toNanos())
                .bind("idle_ttl_nanos", one.lifetime().idleTtl().toNanos())
                .bind("is_auto_pause", one.lifetime().autoPause() ? 1 : 0)
                .bind("created_at", ExecutionRows.micros(one.times().createdAt()));
    }

    /// With the id.
    static void bindChanging(SqlStatement<?> statement, Instance one) {
        var times = one.times();
        statement
                .bind("id", one.id())
                .bind("state", one.state().name())
                .bind("reason", ExecutionRows.text(one.reason()))
                .bindByType("isolation", one.origin().map(origin -> origin.isolation().name()).orElse(null), String.class)
                .bindByType("image_digest", one.origin().map(Instance.Origin::digest).orElse(null), String.class)
                .bind("memory_bytes", one.limits().memory().bytes())
                .bind("cpu_millis", one.limits().cpuMillis())
                .bind("processes", one.limits().processes())
                .bind("last_active_at", ExecutionRows.micros(times.lastActiveAt()))
                .bindByType("expires_at", times.expiresAt().map(ExecutionRows::micros).orElse(null), Long.class)
                .bindByType("ended_at", times.endedAt().map(ExecutionRows::micros).orElse(null), Long.class)
                .bind("version", one.version());
    }

    static Instance read(ResultSet row, Map<String, String> labels) throws SQLException {
        return new Instance(
                row.getString("id"),
                row.getString("tenant"),
                row.getString("name"),
                InstanceState.valueOf(row.getString("state")),
                row.getString("reason"),
                row.getString("image"),
                origin(row),
                limits(row),
                NetworkText.parse(row.getString("network")),
                labels,
                new Lifetime(
                        Duration.ofNanos(row.getLong("ttl_nanos")),
                        Duration.ofNanos(row.getLong("idle_ttl_nanos")),
                        row.getInt("is_auto_pause") != 0),
                times(row),
                row.getLong("version"));
    }

    private static Optional<Instance.Origin> origin(ResultSet row) throws SQLException {
        var isolation = row.getString("isolation");
        return isolation == null
                ? Optional.empty()
                : Optional.of(new Instance.Origin(Isolation.valueOf(isolation), row.getString("image_digest")));
    }

    private static Limits limits(ResultSet row) throws SQLException {
        return new Limits(
                DataSize.ofBytes(row.getLong("memory_bytes")),
                row.getInt("cpu_millis"),
                row.getInt("processes"),
                DataSize.ofBytes(row.getLong("disk_bytes")),
                row.getInt("open_files"),
                row.getLong("read_bps"),
                row.getLong("write_bps"));
    }

    private static Instance.Times times(ResultSet row) throws SQLException {
        Instant created = ExecutionRows.instant(row.getLong("created_at"));
        return new Instance.Times(
                created,
                ExecutionRows.instant(row.getLong("last_active_at")),
                ExecutionRows.optionalInstant(row, "expires_at"),
                ExecutionRows.optionalInstant(row, "ended_at"));
    }
}
