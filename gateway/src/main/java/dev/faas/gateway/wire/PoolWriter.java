package dev.faas.gateway.wire;

import dev.faas.api.PoolList;
import dev.faas.api.PoolList.PoolDescription;
import dev.faas.api.PrewarmResponse;
import dev.faas.core.pool.PoolStatus;
import dev.faas.core.pool.Prewarming;
import dev.faas.core.sandbox.Network;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Turns what the pools say into what the wire carries.
public final class PoolWriter {

    private static final double NANOS_PER_MILLI = 1e6;
    private static final double MILLIS_PER_CORE = 1000;

    private PoolWriter() {}

    public static PoolList list(int maxSandboxes, List<PoolStatus> pools, List<Prewarming> prewarmings) {
        return new PoolList(
                maxSandboxes,
                pools.stream().map(PoolWriter::pool).toList(),
                prewarmings.stream().map(PoolWriter::prewarming).toList());
    }

    public static PrewarmResponse prewarming(Prewarming prewarming) {
        return new PrewarmResponse(
                prewarming.id(),
                prewarming.image().toString(),
                prewarming.shape().imageDigest(),
                prewarming.shape().isolation().wire(),
                prewarming.count(),
                prewarming.available(),
                prewarming.isReady(),
                prewarming.expiresAt().toString(),
                blankToNull(prewarming.failure()));
    }

    private static PoolDescription pool(PoolStatus pool) {
        var shape = pool.shape();
        var limits = shape.limits();
        var counts = pool.counts();
        return new PoolDescription(
                pool.image().toString(),
                shape.imageDigest(),
                shape.isolation().wire(),
                limits.memory().mebibytes(),
                limits.cpuMillis() / MILLIS_PER_CORE,
                limits.disk().mebibytes(),
                limits.processes(),
                limits.openFiles(),
                mode(shape.network()),
                rules(shape.network()),
                pool.available(),
                pool.filling(),
                pool.target(),
                pool.prewarmed(),
                pool.inUse(),
                counts.hits(),
                counts.misses(),
                counts.hitRate(),
                counts.refills(),
                pool.refillTime().toNanos() / NANOS_PER_MILLI,
                pool.memoryBytes(),
                counts.failures(),
                counts.lost(),
                blankToNull(pool.lastFailure()));
    }

    private static String mode(Network network) {
        return switch (network) {
            case Network.None() -> "none";
            case Network.Nat _ -> "nat";
        };
    }

    private static int rules(Network network) {
        return switch (network) {
            case Network.None() -> 0;
            case Network.Nat nat -> nat.rules().size();
        };
    }

    private static @Nullable String blankToNull(String text) {
        return text.isEmpty() ? null : text;
    }
}
