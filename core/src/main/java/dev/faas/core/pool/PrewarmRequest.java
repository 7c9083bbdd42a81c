package dev.faas.core.pool;

import dev.faas.core.image.ImageReference;
import dev.faas.core.sandbox.Isolation;
import dev.faas.core.sandbox.Limits;
import dev.faas.core.sandbox.Network;
import java.time.Duration;
import java.util.Optional;

/// Sandboxes somebody wants kept ready.
///
/// @param isolation empty = what an execution that doesn't say would get
/// @param ttl       for how long
public record PrewarmRequest(
        String tenant,
        Optional<Isolation> isolation,
        ImageReference image,
        Limits limits,
        Network network,
        int count,
        Duration ttl) {

    /// Whether it asks for what the other is.
    boolean isLike(Prewarming other) {
        var shape = other.shape();
        return other.image().equals(image)
                && shape.limits().equals(limits)
                && shape.network().equals(network)
                && isolation.map(shape.isolation()::equals).orElse(true);
    }
}
