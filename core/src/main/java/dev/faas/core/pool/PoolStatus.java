package dev.faas.core.pool;

import dev.faas.core.image.ImageReference;
import java.time.Duration;

/// How the pool of one shape is doing.
///
/// @param image       the name it was last asked for by
/// @param target      how many are to be ready
/// @param prewarmed   of those, how many because somebody said so
/// @param inUse       taken from here and not destroyed yet
/// @param refillTime  of one sandbox, on average
/// @param memoryBytes of one sandbox that waits, on average
/// @param lastFailure why the last attempt to make one failed; empty when it did not
public record PoolStatus(
        PoolShape shape,
        ImageReference image,
        int available,
        int filling,
        int target,
        int prewarmed,
        int inUse,
        PoolCounts counts,
        Duration refillTime,
        long memoryBytes,
        String lastFailure) {}
