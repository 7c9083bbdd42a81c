package dev.faas.api;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// What came of a batch, in the order of its requests.
///
/// @param succeeded items that were run, whatever their exit code
/// @param failed    items the platform refused or failed to run
public record BatchResponse(int succeeded, int failed, List<Item> results) {

    /// @param status what the request alone would have been answered
    /// @param result when it was run
    /// @param error  when it was not
    public record Item(
            int index,
            int status,
            @Nullable ExecuteResponse result,
            @Nullable Problem error) {}
}
