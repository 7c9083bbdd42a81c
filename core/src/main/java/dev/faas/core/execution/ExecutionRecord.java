package dev.faas.core.execution;

import dev.faas.core.common.DataSize;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// What is remembered of an execution.
///
/// @param instance    the standing sandbox it ran in; empty unless the mode is persistent
/// @param argv        for people; the request's environment, stdin and files are not kept
/// @param errorCode   stable code of a platform failure; empty otherwise
/// @param errorDetail its words
/// @param cache       where the result came from, as soon as that is clear; empty unless the mode is cached
/// @param result      present once a sandbox ran the command
public record ExecutionRecord(
        String id,
        String tenant,
        ExecutionState state,
        ExecutionMode mode,
        String instance,
        String image,
        List<String> argv,
        Map<String, String> labels,
        Instant createdAt,
        Optional<Instant> startedAt,
        Optional<Instant> finishedAt,
        String errorCode,
        String errorDetail,
        Optional<CacheUse> cache,
        Optional<ExecutionResult> result) {

    public ExecutionRecord {
        argv = List.copyOf(argv);
        labels = Map.copyOf(labels);
    }

    /// The same with at most so many bytes of each stream and of all files together; what is cut is marked as truncated.
    public ExecutionRecord withOutputUpTo(DataSize limit) {
        return with(labels, result.map(whole -> whole.withOutputUpTo(limit.bytes())));
    }

    /// The same without what the command printed and the files it returned.
    public ExecutionRecord withoutOutput() {
        return with(labels, result.map(ExecutionResult::withoutOutput));
    }

    public ExecutionRecord withLabels(Map<String, String> newLabels) {
        return with(newLabels, result);
    }

    private ExecutionRecord with(Map<String, String> newLabels, Optional<ExecutionResult> newResult) {
        return new ExecutionRecord(
                id,
                tenant,
                state,
                mode,
                instance,
                image,
                argv,
                newLabels,
                createdAt,
                startedAt,
                finishedAt,
                errorCode,
                errorDetail,
                cache,
                newResult);
    }
}
