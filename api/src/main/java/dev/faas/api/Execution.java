package dev.faas.api;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What is remembered of an execution.
///
/// @param requestId   its id
/// @param state       `queued`, `running`, `completed`, `timed_out`, `cancelled` or `failed`
/// @param instanceId  the instance it ran in; `null` for a sandbox of its own
/// @param command     program and arguments
/// @param createdAt   RFC 3339, as the other times
/// @param errorCode   stable code, when the platform failed to run it
/// @param errorDetail its words
/// @param result      present once a sandbox ran the command; in lists without its outputs
public record Execution(
        String requestId,
        String state,
        String mode,
        @Nullable String instanceId,
        String image,
        List<String> command,
        Map<String, String> labels,
        String createdAt,
        @Nullable String startedAt,
        @Nullable String finishedAt,
        @Nullable String errorCode,
        @Nullable String errorDetail,
        @Nullable ExecuteResponse result) {

    /// Whether nothing will change any more.
    public boolean finished() {
        return finishedAt != null;
    }
}
