package dev.faas.gateway.limit;

/// The bounds of a batch.
///
/// @param maxItems    commands of one batch
/// @param maxParallel of them at once
public record BatchLimits(int maxItems, int maxParallel) {

    public static final BatchLimits DEFAULT = new BatchLimits(100, 16);
}
