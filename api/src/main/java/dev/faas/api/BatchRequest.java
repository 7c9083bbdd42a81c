package dev.faas.api;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// Commands to run side by side.
///
/// @param maxParallel how many at once; `null` means as many as the gateway allows
public record BatchRequest(
        List<ExecuteRequest> requests, @Nullable Integer maxParallel) {}
