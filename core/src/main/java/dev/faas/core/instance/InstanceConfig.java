package dev.faas.core.instance;

import java.time.Duration;

/// The bounds of instances.
///
/// @param maxLiving          at once, paused ones included
/// @param maxLivingPerTenant of those, one tenant's
/// @param patience           how long a call waits for an instance that is being created, paused or woken
/// @param keepEnded          how long the record of an ended one is kept
/// @param interval           between looks for lost sandboxes and for records to be forgotten
/// @param retryDelay         between attempts to write a record while the database can't be reached
public record InstanceConfig(
        int maxLiving,
        int maxLivingPerTenant,
        Duration patience,
        Duration keepEnded,
        Duration interval,
        Duration retryDelay) {

    public static final InstanceConfig DEFAULT = new InstanceConfig(
            500, 500, Duration.ofSeconds(30), Duration.ofDays(1), Duration.ofSeconds(5), Duration.ofMillis(500));
}
