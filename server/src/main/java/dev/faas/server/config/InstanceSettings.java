package dev.faas.server.config;

import dev.faas.core.instance.InstanceConfig;

/// The bounds of instances.
final class InstanceSettings {

    private static final int MANY = 1_000_000;

    private InstanceSettings() {}

    static InstanceConfig read(Settings settings) {
        var fallback = InstanceConfig.DEFAULT;
        return new InstanceConfig(
                settings.number(
                        Key.of("instances.max", "Living instances, paused ones included; more are refused with 429."),
                        fallback.maxLiving(), 0, MANY),
                settings.number(
                        Key.of("instances.max-per-tenant", "Of those, how many may be one API key's."),
                        fallback.maxLivingPerTenant(), 0, MANY),
                settings.duration(
                        Key.of("instances.patience", "How long a call waits for an instance that is being created, paused or woken."),
                        fallback.patience()),
                settings.duration(
                        Key.of("instances.keep-ended", "How long the record of an ended instance is kept."), fallback.keepEnded()),
                settings.duration(
                        Key.of("instances.interval", "Between looks for instances whose sandboxes were lost."), fallback.interval()),
                settings.duration(
                        Key.of("instances.retry-delay", "Between attempts to record instances while the database is away."),
                        fallback.retryDelay()));
    }
}
