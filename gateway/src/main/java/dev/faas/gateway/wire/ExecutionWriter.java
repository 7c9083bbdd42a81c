package dev.faas.gateway.wire;

import dev.faas.api.ExecuteResponse;
import dev.faas.api.ExecuteResponse.OutputFile;
import dev.faas.api.ExecuteResponse.Phases;
import dev.faas.api.Execution;
import dev.faas.core.execution.CacheUse;
import dev.faas.core.execution.ExecutionRecord;
import dev.faas.core.execution.ExecutionResult;
import dev.faas.core.execution.Outcome;
import dev.faas.core.sandbox.Origin;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Turns what the engine says into what the wire carries.
public final class ExecutionWriter {

    private static final double NANOS_PER_MILLI = 1e6;

    private ExecutionWriter() {}

    /// The answer to an execute request. The record must have a result.
    ///
    /// @param withOutputs false where the outputs would be too much
    public static ExecuteResponse response(ExecutionRecord execution, boolean withOutputs) {
        return response(execution, withOutputs, withOutputs);
    }

    /// The end of a stream: stdout and stderr went out before, the files did not.
    public static ExecuteResponse streamed(ExecutionRecord execution) {
        return response(execution, false, true);
    }

    private static ExecuteResponse response(ExecutionRecord execution, boolean withOutputs, boolean withFiles) {
        var result = execution.result().orElseThrow();
        var stdout = EncodedOutput.of(
                withOutputs ? result.stdout() : new byte[0], isCut(result.stdout(), result.stdoutBytes()));
        var stderr = EncodedOutput.of(
                withOutputs ? result.stderr() : new byte[0], isCut(result.stderr(), result.stderrBytes()));
        var stdoutText = withOutputs ? stdout.text() : null;
        var stderrText = withOutputs ? stderr.text() : null;
        var outcome = result.outcome();
        return new ExecuteResponse(
                execution.id(),
                name(outcome),
                outcome.exitCode(),
                stdoutText,
                stdout.encoding(),
                stderrText,
                stderr.encoding(),
                result.phases().run().toMillis(),
                stdoutText,
                stderrText,
                error(outcome),
                outcome instanceof Outcome.Signaled(int signal) ? signal : null,
                outcome instanceof Outcome.TimedOut,
                outcome instanceof Outcome.OutOfMemory,
                result.isTruncated(),
                result.stdoutBytes(),
                result.stderrBytes(),
                result.isolation().wire(),
                result.isolation().strength(),
                execution.image(),
                result.imageDigest(),
                phases(result.phases()),
                millis(result.userTime()),
                millis(result.systemTime()),
                result.peakMemoryBytes(),
                result.files().stream().map(file -> file(file, withFiles)).toList(),
                result.origin() == Origin.POOLED,
                result.origin().wire(),
                blankToNull(execution.instance()),
                execution.cache().map(use -> use.kind().wire()).orElse(null),
                execution.cache().map(CacheUse::source).filter(id -> !id.isEmpty()).orElse(null));
    }

    /// The record of an execution.
    public static Execution execution(ExecutionRecord execution, boolean withOutputs) {
        return new Execution(
                execution.id(),
                execution.state().wire(),
                execution.mode().wire(),
                blankToNull(execution.instance()),
                execution.image(),
                execution.argv(),
                execution.labels(),
                execution.createdAt().toString(),
                time(execution.startedAt()),
                time(execution.finishedAt()),
                blankToNull(execution.errorCode()),
                blankToNull(execution.errorDetail()),
                execution.result().isPresent() ? response(execution, withOutputs) : null);
    }

    private static boolean isCut(byte[] kept, long produced) {
        return produced > kept.length;
    }

    private static OutputFile file(ExecutionResult.OutputFile file, boolean withFiles) {
        boolean isThere = file.error().isEmpty() && withFiles;
        var content = EncodedOutput.of(isThere ? file.content() : new byte[0], file.isTruncated());
        return new OutputFile(
                file.path(),
                isThere ? content.text() : null,
                content.encoding(),
                file.size(),
                file.isTruncated(),
                blankToNull(file.error()));
    }

    private static Phases phases(ExecutionResult.Phases phases) {
        return new Phases(
                millis(phases.queue()),
                millis(phases.image()),
                millis(phases.start()),
                millis(phases.run()),
                millis(phases.total()));
    }

    private static double millis(Duration duration) {
        return duration.toNanos() / NANOS_PER_MILLI;
    }

    private static @Nullable String time(Optional<Instant> time) {
        return time.map(Instant::toString).orElse(null);
    }

    private static @Nullable String blankToNull(String text) {
        return text.isEmpty() ? null : text;
    }

    static String name(Outcome outcome) {
        return switch (outcome) {
            case Outcome.Exited _ -> "exited";
            case Outcome.Signaled _ -> "signaled";
            case Outcome.TimedOut _ -> "timed_out";
            case Outcome.OutOfMemory _ -> "out_of_memory";
            case Outcome.Cancelled _ -> "cancelled";
            case Outcome.Lost _ -> "lost";
        };
    }

    private static @Nullable String error(Outcome outcome) {
        return switch (outcome) {
            case Outcome.Exited(int code) -> code == 0 ? null : "process exited with code " + code;
            case Outcome.Signaled(int signal) -> "process was ended by signal " + signal;
            case Outcome.TimedOut(Duration limit) -> "timed out after " + limit.toMillis() + " ms";
            case Outcome.OutOfMemory(var limit) -> "killed because it reached its memory limit of " + limit;
            case Outcome.Cancelled(String by) -> "cancelled by " + by;
            case Outcome.Lost(String reason) -> "lost: " + reason;
        };
    }
}
