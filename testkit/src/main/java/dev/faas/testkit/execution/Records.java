package dev.faas.testkit.execution;

import dev.faas.core.common.DataSize;
import dev.faas.core.execution.CacheUse;
import dev.faas.core.execution.ExecutionMode;
import dev.faas.core.execution.ExecutionRecord;
import dev.faas.core.execution.ExecutionResult;
import dev.faas.core.execution.ExecutionState;
import dev.faas.core.execution.Outcome;
import dev.faas.core.sandbox.Isolation;
import dev.faas.core.sandbox.Origin;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Makes execution records of which a test names only what it is about.
public final class Records {

    public static final Instant START = Instant.parse("2030-01-01T00:00:00.123456Z");
    public static final String TENANT = "tenant";

    /// One of each kind.
    public static final List<Outcome> OUTCOMES = List.of(
            new Outcome.Exited(0),
            new Outcome.Exited(255),
            new Outcome.Signaled(11),
            new Outcome.TimedOut(Duration.ofMillis(1500)),
            new Outcome.OutOfMemory(DataSize.ofMebibytes(64)),
            new Outcome.Cancelled("somebody"),
            new Outcome.Lost("the sandbox was lost"));

    private Records() {}

    public static ExecutionRecord queued(String id) {
        return of(id, TENANT, ExecutionState.QUEUED, START, Map.of());
    }

    public static ExecutionRecord queued(String id, Instant createdAt) {
        return of(id, TENANT, ExecutionState.QUEUED, createdAt, Map.of());
    }

    public static ExecutionRecord of(
            String id, String tenant, ExecutionState state, Instant createdAt, Map<String, String> labels) {
        boolean isStarted = state != ExecutionState.QUEUED;
        return new ExecutionRecord(
                id,
                tenant,
                state,
                ExecutionMode.EPHEMERAL,
                "",
                "faas/base",
                List.of("sh", "-c", "echo \"ü\"\n'x'", ""),
                labels,
                createdAt,
                isStarted ? Optional.of(createdAt.plusMillis(1)) : Optional.empty(),
                state.isFinal() ? Optional.of(createdAt.plusMillis(2)) : Optional.empty(),
                "",
                "",
                Optional.empty(),
                Optional.empty());
    }

    /// In the mode `cached`, with a result that came from another.
    public static ExecutionRecord cached(ExecutionRecord before) {
        return new ExecutionRecord(
                before.id(),
                before.tenant(),
                before.state(),
                ExecutionMode.CACHED,
                before.instance(),
                before.image(),
                before.argv(),
                before.labels(),
                before.createdAt(),
                before.startedAt(),
                before.finishedAt(),
                before.errorCode(),
                before.errorDetail(),
                Optional.of(new CacheUse(CacheUse.Kind.JOINED, "exe_source")),
                before.result());
    }

    public static ExecutionRecord finished(ExecutionRecord before, Outcome outcome) {
        return finished(before, before.createdAt().plusSeconds(2), outcome, "out".getBytes(StandardCharsets.UTF_8));
    }

    public static ExecutionRecord finished(
            ExecutionRecord before, Instant finishedAt, Outcome outcome, byte[] stdout) {
        return new ExecutionRecord(
                before.id(),
                before.tenant(),
                ExecutionState.COMPLETED,
                before.mode(),
                before.instance(),
                before.image(),
                before.argv(),
                before.labels(),
                before.createdAt(),
                Optional.of(before.createdAt().plusSeconds(1)),
                Optional.of(finishedAt),
                "",
                "",
                before.cache(),
                Optional.of(result(outcome, stdout)));
    }

    private static ExecutionResult result(Outcome outcome, byte[] stdout) {
        var files = List.of(
                new ExecutionResult.OutputFile("/tmp/a", new byte[] {0, 1, 2, -1}, 4, false, ""),
                new ExecutionResult.OutputFile("/tmp/b", new byte[0], 0, false, "no such file"));
        var phases = new ExecutionResult.Phases(
                Duration.ofNanos(1),
                Duration.ofNanos(22),
                Duration.ofNanos(333),
                Duration.ofNanos(4444),
                Duration.ofNanos(55_555));
        return new ExecutionResult(
                outcome,
                stdout,
                new byte[] {0, -1, 'e'},
                stdout.length + 100L,
                3,
                true,
                files,
                Isolation.NATIVE,
                "sha256:" + "a".repeat(64),
                Origin.POOLED,
                phases,
                Duration.ofNanos(6),
                Duration.ofNanos(7),
                8_888_888_888L);
    }
}
