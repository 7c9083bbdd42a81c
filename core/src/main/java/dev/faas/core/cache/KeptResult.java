package dev.faas.core.cache;

import dev.faas.core.cache.CachedResultRepository.Content;
import dev.faas.core.cache.CachedResultRepository.File;
import dev.faas.core.execution.ExecutionResult;
import dev.faas.core.execution.ExecutionResult.OutputFile;
import dev.faas.core.execution.ExecutionResult.Phases;
import dev.faas.core.execution.Outcome;
import dev.faas.core.sandbox.Origin;
import java.time.Duration;

/// What of a result is kept: the words, the exit code and the files, but no figures: they were the other execution's.
final class KeptResult {

    private static final Phases NO_TIME =
            new Phases(Duration.ZERO, Duration.ZERO, Duration.ZERO, Duration.ZERO, Duration.ZERO);

    private KeptResult() {}

    /// Whether the command ended by itself and well, and everything it was to give back is there.
    static boolean isComplete(ExecutionResult result, boolean areFailuresToo) {
        return result.outcome() instanceof Outcome.Exited(int code)
                && (code == 0 || areFailuresToo)
                && !result.isTruncated()
                && result.files().stream().noneMatch(file -> file.isTruncated() || !file.error().isEmpty());
    }

    static long bytes(ExecutionResult result) {
        long inFiles = result.files().stream().mapToLong(file -> file.content().length).sum();
        return result.stdout().length + (long) result.stderr().length + inFiles;
    }

    static Content of(ExecutionResult result) {
        return new Content(
                result.outcome().exitCode(),
                result.stdout(),
                result.stderr(),
                result.files().stream().map(file -> new File(file.path(), file.content())).toList(),
                result.isolation(),
                result.imageDigest());
    }

    static ExecutionResult restored(Content content) {
        return new ExecutionResult(
                new Outcome.Exited(content.exitCode()),
                content.stdout(),
                content.stderr(),
                content.stdout().length,
                content.stderr().length,
                false,
                content.files().stream()
                        .map(file -> new OutputFile(file.path(), file.content(), file.content().length, false, ""))
                        .toList(),
                content.isolation(),
                content.imageDigest(),
                Origin.NONE,
                NO_TIME,
                Duration.ZERO,
                Duration.ZERO,
                0);
    }
}
