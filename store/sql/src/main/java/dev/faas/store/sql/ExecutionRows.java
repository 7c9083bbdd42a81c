package dev.faas.store.sql;

import dev.faas.core.execution.CacheUse;
import dev.faas.core.execution.ExecutionMode;
import dev.faas.core.execution.ExecutionRecord;
import dev.faas.core.execution.ExecutionResult.OutputFile;
import dev.faas.core.execution.ExecutionState;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.statement.PreparedBatch;

/// Execution records as rows.
final class ExecutionRows {

    private static final List<String> RECORD_COLUMNS = List.of(
            "id",
            "tenant",
            "state",
            "mode",
            "instance_id",
            "image",
            "argv",
            "created_at",
            "started_at",
            "finished_at",
            "error_code",
            "error_detail");

    /// Where the rows come from: what is about the mode `cached` has a table of its own.
    static final String TABLES = "executions LEFT JOIN execution_cache ON execution_cache.execution_id = executions.id";

    private static final String CACHE_COLUMNS = "cache_use, cache_source";

    static final String ALL_COLUMNS = String.join(", ", RECORD_COLUMNS) + ", " + CACHE_COLUMNS + ", "
            + String.join(", ", ResultColumns.ALL);

    /// The same without the output, which may be megabytes.
    static final String SUMMARY_COLUMNS = String.join(", ", RECORD_COLUMNS) + ", " + CACHE_COLUMNS + ", "
            + String.join(", ", ResultColumns.SUMMARY) + ", NULL AS stdout, NULL AS stderr";

    private static final String INSERT = insertStatement();

    private static final String INSERT_LABEL = "INSERT INTO execution_labels (execution_id, name, value)"
            + " VALUES (:id, :name, :value) ON CONFLICT (execution_id, name) DO NOTHING";

    private static final String INSERT_CACHE_USE = "INSERT INTO execution_cache (execution_id, cache_use, cache_source)"
            + " VALUES (:id, :use, :source) ON CONFLICT (execution_id) DO NOTHING";

    private static final String INSERT_FILE = "INSERT INTO execution_files (execution_id, position, path, content,"
            + " size, is_truncated, error) VALUES (:id, :position, :path, :content, :size, :isTruncated, :error)"
            + " ON CONFLICT (execution_id, position) DO NOTHING";

    private ExecutionRows() {}

    static long micros(Instant time) {
        return ChronoUnit.MICROS.between(Instant.EPOCH, time);
    }

    /// In the order given, so that of two records of one execution the later one stays.
    static void insert(Handle handle, List<ExecutionRecord> records, String server) {
        var batch = handle.prepareBatch(INSERT);
        for (var one : records) {
            bind(batch, one);
            batch.bind("server", server).add();
        }
        batch.execute();
        insertLabels(handle, records);
        insertCacheUses(handle, records);
        insertFiles(handle, records);
    }

    static ExecutionRecord read(ResultSet row, Map<String, String> labels, List<OutputFile> files)
            throws SQLException {
        return new ExecutionRecord(
                row.getString("id"),
                row.getString("tenant"),
                ExecutionState.valueOf(row.getString("state")),
                ExecutionMode.valueOf(row.getString("mode")),
                row.getString("instance_id"),
                row.getString("image"),
                splitWords(row.getBytes("argv")),
                labels,
                instant(row.getLong("created_at")),
                optionalInstant(row, "started_at"),
                optionalInstant(row, "finished_at"),
                row.getString("error_code"),
                row.getString("error_detail"),
                cacheUse(row),
                ResultColumns.read(row, files));
    }

    static List<OutputFile> files(Handle handle, String id) {
        return handle.createQuery("SELECT path, content, size, is_truncated, error FROM execution_files"
                        + " WHERE execution_id = :id ORDER BY position")
                .bind("id", id)
                .map((row, context) -> new OutputFile(
                        row.getString("path"),
                        row.getBytes("content"),
                        row.getLong("size"),
                        row.getInt("is_truncated") != 0,
                        row.getString("error")))
                .list();
    }

    /// PostgreSQL's text can't hold a NUL; nothing a person writes has one.
    static String text(String words) {
        return words.indexOf('\0') < 0 ? words : words.replace('\0', '\uFFFD');
    }

    private static String insertStatement() {
        var columns = new ArrayList<>(RECORD_COLUMNS);
        columns.add("server");
        columns.addAll(ResultColumns.ALL);
        var names = columns.stream().map(column -> ":" + column).toList();
        var changes = columns.stream()
                .filter(column -> !column.equals("id") && !column.equals("server"))
                .map(column -> column + " = excluded." + column)
                .toList();
        return "INSERT INTO executions (" + String.join(", ", columns) + ") VALUES (" + String.join(", ", names)
                + ") ON CONFLICT (id) DO UPDATE SET " + String.join(", ", changes)
                + " WHERE executions.finished_at IS NULL";
    }

    private static void bind(PreparedBatch batch, ExecutionRecord one) {
        batch.bind("id", one.id())
                .bind("tenant", text(one.tenant()))
                .bind("state", one.state().name())
                .bind("mode", one.mode().name())
                .bind("instance_id", one.instance())
                .bind("image", one.image())
                .bind("argv", joinWords(one.argv()))
                .bind("created_at", micros(one.createdAt()))
                .bindByType("started_at", one.startedAt().map(ExecutionRows::micros).orElse(null), Long.class)
                .bindByType("finished_at", one.finishedAt().map(ExecutionRows::micros).orElse(null), Long.class)
                .bind("error_code", one.errorCode())
                .bind("error_detail", text(one.errorDetail()));
        ResultColumns.bind(batch, one.result());
    }

    private static void insertLabels(Handle handle, List<ExecutionRecord> records) {
        var batch = handle.prepareBatch(INSERT_LABEL);
        for (var one : records) {
            one.labels().forEach((name, value) ->
                    batch.bind("id", one.id()).bind("name", text(name)).bind("value", text(value)).add());
        }
        if (batch.size() > 0) {
            batch.execute();
        }
    }

    private static void insertCacheUses(Handle handle, List<ExecutionRecord> records) {
        var batch = handle.prepareBatch(INSERT_CACHE_USE);
        for (var one : records) {
            one.cache().ifPresent(use -> batch.bind("id", one.id())
                    .bind("use", use.kind().name())
                    .bind("source", use.source())
                    .add());
        }
        if (batch.size() > 0) {
            batch.execute();
        }
    }

    private static Optional<CacheUse> cacheUse(ResultSet row) throws SQLException {
        var use = row.getString("cache_use");
        return use == null
                ? Optional.empty()
                : Optional.of(new CacheUse(CacheUse.Kind.valueOf(use), row.getString("cache_source")));
    }

    private static void insertFiles(Handle handle, List<ExecutionRecord> records) {
        var batch = handle.prepareBatch(INSERT_FILE);
        for (var one : records) {
            var files = one.result().map(result -> result.files()).orElse(List.of());
            for (int position = 0; position < files.size(); position++) {
                var file = files.get(position);
                batch.bind("id", one.id())
                        .bind("position", position)
                        .bind("path", text(file.path()))
                        .bind("content", file.content())
                        .bind("size", file.size())
                        .bind("isTruncated", file.isTruncated() ? 1 : 0)
                        .bind("error", text(file.error()))
                        .add();
            }
        }
        if (batch.size() > 0) {
            batch.execute();
        }
    }

    /// No word of a command can hold a NUL, so it can stand between them; a word can hold everything else.
    private static byte[] joinWords(List<String> words) {
        var joined = new ByteArrayOutputStream();
        for (var word : words) {
            joined.writeBytes(text(word).getBytes(StandardCharsets.UTF_8));
            joined.write(0);
        }
        return joined.toByteArray();
    }

    private static List<String> splitWords(byte[] joined) {
        var words = new ArrayList<String>();
        int start = 0;
        for (int i = 0; i < joined.length; i++) {
            if (joined[i] == 0) {
                words.add(new String(Arrays.copyOfRange(joined, start, i), StandardCharsets.UTF_8));
                start = i + 1;
            }
        }
        return words;
    }

    static Instant instant(long micros) {
        return Instant.EPOCH.plus(micros, ChronoUnit.MICROS);
    }

    static Optional<Instant> optionalInstant(ResultSet row, String column) throws SQLException {
        long micros = row.getLong(column);
        return row.wasNull() ? Optional.empty() : Optional.of(instant(micros));
    }
}
