package dev.faas.api;

import org.jspecify.annotations.Nullable;

/// New limits for a living instance; `null` leaves one as it is.
public record LimitsPatch(
        @Nullable Integer memoryMb,
        @Nullable Double cpuCores,
        @Nullable Integer processes) {}
