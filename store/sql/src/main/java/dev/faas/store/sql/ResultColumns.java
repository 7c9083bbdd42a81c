package dev.faas.store.sql;

import dev.faas.core.common.DataSize;
import dev.faas.core.execution.ExecutionResult;
import dev.faas.core.execution.ExecutionResult.OutputFile;
import dev.faas.core.execution.ExecutionResult.Phases;
import dev.faas.core.execution.Outcome;
import dev.faas.core.sandbox.Isolation;
import dev.faas.core.sandbox.Origin;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jdbi.v3.core.statement.PreparedBatch;

/// The columns of a result, which are all empty as long as there is none.
final class ResultColumns {

    static final List<String> SUMMARY = List.of(
            "outcome",
            "outcome_number",
            "outcome_text",
            "isolation",
            "image_digest",
            "origin",
            "is_truncated",
            "stdout_bytes",
            "stderr_bytes",
            "queue_nanos",
            "image_nanos",
            "start_nanos",
            "run_nanos",
            "total_nanos",
            "user_nanos",
            "system_nanos",
            "peak_memory_bytes");

    static final List<String> ALL = allColumns();

    private static final byte[] NOTHING = {};

    private ResultColumns() {}

    /// A batch wants the same type of a column in all its rows, even where there is nothing.
    static void bind(PreparedBatch batch, Optional<ExecutionResult> result) {
        var values = result.map(ResultColumns::values).orElse(Map.of());
        for (var column : ALL) {
            batch.bindByType(column, values.get(column), typeOf(column));
        }
    }

    /// @param files those of the row, which are in a table of their own
    static Optional<ExecutionResult> read(ResultSet row, List<OutputFile> files) throws SQLException {
        var outcome = row.getString("outcome");
        if (outcome == null) {
            return Optional.empty();
        }
        return Optional.of(new ExecutionResult(
                outcome(outcome, row.getLong("outcome_number"), row.getString("outcome_text")),
                bytes(row, "stdout"),
                bytes(row, "stderr"),
                row.getLong("stdout_bytes"),
                row.getLong("stderr_bytes"),
                row.getInt("is_truncated") != 0,
                files,
                Isolation.valueOf(row.getString("isolation")),
                row.getString("image_digest"),
                origin(row.getInt("origin")),
                new Phases(
                        duration(row, "queue_nanos"),
                        duration(row, "image_nanos"),
                        duration(row, "start_nanos"),
                        duration(row, "run_nanos"),
                        duration(row, "total_nanos")),
                duration(row, "user_nanos"),
                duration(row, "system_nanos"),
                row.getLong("peak_memory_bytes")));
    }

    private static List<String> allColumns() {
        var all = new ArrayList<>(SUMMARY);
        all.add("stdout");
        all.add("stderr");
        return List.copyOf(all);
    }

    private static Class<?> typeOf(String column) {
        return switch (column) {
            case "outcome", "outcome_text", "isolation", "image_digest" -> String.class;
            case "origin", "is_truncated" -> Integer.class;
            case "stdout", "stderr" -> byte[].class;
            default -> Long.class;
        };
    }

    private static Map<String, Object> values(ExecutionResult result) {
        var phases = result.phases();
        var values = new HashMap<>(outcomeValues(result.outcome()));
        values.put("isolation", result.isolation().name());
        values.put("image_digest", result.imageDigest());
        values.put("origin", number(result.origin()));
        values.put("is_truncated", result.isTruncated() ? 1 : 0);
        values.put("stdout_bytes", result.stdoutBytes());
        values.put("stderr_bytes", result.stderrBytes());
        values.put("queue_nanos", phases.queue().toNanos());
        values.put("image_nanos", phases.image().toNanos());
        values.put("start_nanos", phases.start().toNanos());
        values.put("run_nanos", phases.run().toNanos());
        values.put("total_nanos", phases.total().toNanos());
        values.put("user_nanos", result.userTime().toNanos());
        values.put("system_nanos", result.systemTime().toNanos());
        values.put("peak_memory_bytes", result.peakMemoryBytes());
        values.put("stdout", result.stdout());
        values.put("stderr", result.stderr());
        return values;
    }

    private static Map<String, Object> outcomeValues(Outcome outcome) {
        return switch (outcome) {
            case Outcome.Exited(int code) -> outcomeValues("exited", code, "");
            case Outcome.Signaled(int signal) -> outcomeValues("signaled", signal, "");
            case Outcome.TimedOut(var limit) -> outcomeValues("timed_out", limit.toNanos(), "");
            case Outcome.OutOfMemory(var limit) -> outcomeValues("out_of_memory", limit.bytes(), "");
            case Outcome.Cancelled(var by) -> outcomeValues("cancelled", 0, by);
            case Outcome.Lost(var reason) -> outcomeValues("lost", 0, reason);
        };
    }

    private static Map<String, Object> outcomeValues(String kind, long number, String words) {
        return Map.of("outcome", kind, "outcome_number", number, "outcome_text", ExecutionRows.text(words));
    }

    private static Outcome outcome(String kind, long number, String words) {
        return switch (kind) {
            case "exited" -> new Outcome.Exited((int) number);
            case "signaled" -> new Outcome.Signaled((int) number);
            case "timed_out" -> new Outcome.TimedOut(Duration.ofNanos(number));
            case "out_of_memory" -> new Outcome.OutOfMemory(DataSize.ofBytes(number));
            case "cancelled" -> new Outcome.Cancelled(words);
            case "lost" -> new Outcome.Lost(words);
            default -> throw new IllegalStateException("the database holds an outcome this program doesn't know: " + kind);
        };
    }

    private static int number(Origin origin) {
        return switch (origin) {
            case COLD -> 0;
            case POOLED_PARTS -> 1;
            case POOLED -> 2;
            case NONE -> 3;
        };
    }

    private static Origin origin(int number) {
        return switch (number) {
            case 0 -> Origin.COLD;
            case 1 -> Origin.POOLED_PARTS;
            case 2 -> Origin.POOLED;
            case 3 -> Origin.NONE;
            default -> throw new IllegalStateException("the database holds an origin this program doesn't know: " + number);
        };
    }

    private static byte[] bytes(ResultSet row, String column) throws SQLException {
        var content = row.getBytes(column);
        return content == null ? NOTHING : content;
    }

    private static Duration duration(ResultSet row, String column) throws SQLException {
        return Duration.ofNanos(row.getLong(column));
    }
}
