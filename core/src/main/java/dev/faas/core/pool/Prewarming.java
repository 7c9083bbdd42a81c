package dev.faas.core.pool;

import dev.faas.core.image.ImageReference;
import java.time.Instant;

/// Somebody's order to keep so many sandboxes of a shape ready.
///
/// @param available of them, how many are ready now
/// @param failure   why there are not more; empty when nothing went wrong
public record Prewarming(
        String id,
        String tenant,
        ImageReference image,
        PoolShape shape,
        int count,
        int available,
        Instant expiresAt,
        String failure) {

    public boolean isReady() {
        return available >= count;
    }
}
