package dev.faas.core.pool;

import dev.faas.core.common.DataSize;
import java.time.Duration;

/// Every bound of the pools.
///
/// @param maxSandboxes  sandboxes kept ready or being made ready, all shapes together; 0 switches the pools off
/// @param maxPerShape   of those, the most of one shape
/// @param maxMemory     what those kept ready hold together, as the kernel counts it
/// @param idleTtl       a shape nobody asked for so long is not kept ready any more, unless it was prewarmed
/// @param maxAge        an older sandbox is replaced: what it took from its host, name servers for one, may be out of date
/// @param refillDelay   between a need and the work on it: whoever just took a sandbox is to have the machine first
/// @param prewarmTtl    how long a prewarming holds unless it says
/// @param maxPrewarmTtl the most it may say
public record PoolConfig(
        int maxSandboxes,
        int maxPerShape,
        DataSize maxMemory,
        Duration idleTtl,
        Duration maxAge,
        Duration refillDelay,
        Duration prewarmTtl,
        Duration maxPrewarmTtl) {

    public static final PoolConfig DEFAULT = new PoolConfig(
            16,
            8,
            DataSize.ofMebibytes(256),
            Duration.ofMinutes(5),
            Duration.ofMinutes(30),
            Duration.ofMillis(10),
            Duration.ofHours(1),
            Duration.ofDays(7));

    /// Nothing is kept ready.
    public static final PoolConfig OFF = DEFAULT.withMaxSandboxes(0);

    public boolean isEnabled() {
        return maxSandboxes > 0;
    }

    public PoolConfig withMaxSandboxes(int newMaxSandboxes) {
        return new PoolConfig(
                newMaxSandboxes, maxPerShape, maxMemory, idleTtl, maxAge, refillDelay, prewarmTtl, maxPrewarmTtl);
    }
}
