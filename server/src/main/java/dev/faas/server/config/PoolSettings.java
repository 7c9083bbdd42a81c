package dev.faas.server.config;

import dev.faas.core.pool.PoolConfig;

/// The bounds of what is kept ready.
final class PoolSettings {

    private static final int MANY = 100_000;

    private PoolSettings() {}

    static PoolConfig read(Settings settings) {
        var fallback = PoolConfig.DEFAULT;
        return new PoolConfig(
                settings.number(
                        Key.of("pool.max-sandboxes", "Sandboxes kept ready, all shapes together; 0 = none."),
                        fallback.maxSandboxes(), 0, MANY),
                settings.number(
                        Key.of("pool.max-per-shape", "Of those, the most with the same image, limits and network."),
                        fallback.maxPerShape(), 1, MANY),
                settings.size(
                        Key.of("pool.max-memory", "What those kept ready may hold together."), fallback.maxMemory()),
                settings.duration(
                        Key.of("pool.idle-ttl", "Shapes nobody asked for so long are not kept ready, unless prewarmed."),
                        fallback.idleTtl()),
                settings.duration(
                        Key.of("pool.max-age", "A sandbox that waited so long is replaced by a new one."), fallback.maxAge()),
                settings.duration(
                        Key.of("pool.refill-delay", "Between taking a sandbox and making the next."), fallback.refillDelay()),
                settings.duration(
                        Key.of("pool.prewarm-ttl", "How long a prewarming holds unless it says."), fallback.prewarmTtl()),
                settings.duration(Key.of("pool.max-prewarm-ttl", "The most it may say."), fallback.maxPrewarmTtl()));
    }
}
