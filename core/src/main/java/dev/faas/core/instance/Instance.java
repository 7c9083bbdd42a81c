package dev.faas.core.instance;

import dev.faas.core.sandbox.Isolation;
import dev.faas.core.sandbox.Limits;
import dev.faas.core.sandbox.Network;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;

/// What is known of an instance. Immutable: each step makes a new one with the next version.
///
/// @param name   unique among the tenant's living instances; empty for none
/// @param reason why it is in this state, where that isn't plain; empty otherwise
/// @param image  as it was asked for
/// @param origin what it really runs on; empty until its sandbox is there
/// @param limits as they are now
public record Instance(
        String id,
        String tenant,
        String name,
        InstanceState state,
        String reason,
        String image,
        Optional<Origin> origin,
        Limits limits,
        Network network,
        Map<String, String> labels,
        Lifetime lifetime,
        Times times,
        long version) {

    public Instance {
        labels = Map.copyOf(labels);
    }

    static Instance creating(String id, String tenant, InstanceSpec spec, Instant now) {
        var ttl = spec.lifetime().ttl();
        var expiry = ttl.isZero() ? Optional.<Instant>empty() : Optional.of(now.plus(ttl));
        return new Instance(
                id,
                tenant,
                spec.name(),
                InstanceState.CREATING,
                "",
                spec.image().value(),
                Optional.empty(),
                spec.limits(),
                spec.network(),
                spec.labels(),
                spec.lifetime(),
                new Times(now, now, expiry, Optional.empty()),
                1);
    }

    /// The next one.
    ///
    /// @throws IllegalStateException when there is no such step
    Instance in(InstanceState next, String why, Instant now) {
        if (!state.canBecome(next)) {
            throw new IllegalStateException("an instance can't go from " + state.wire() + " to " + next.wire());
        }
        var ended = next.isEnded() && times.endedAt().isEmpty() ? Optional.of(now) : times.endedAt();
        return with(next, why, origin, limits, new Times(times.createdAt(), times.lastActiveAt(), times.expiresAt(), ended));
    }

    Instance from(Origin newOrigin) {
        return with(state, reason, Optional.of(newOrigin), limits, times);
    }

    Instance limitedTo(Limits newLimits) {
        return with(state, reason, origin, newLimits, times);
    }

    /// The same step, with a later word on when it was used last.
    Instance activeAt(Instant time) {
        return new Instance(
                id,
                tenant,
                name,
                state,
                reason,
                image,
                origin,
                limits,
                network,
                labels,
                lifetime,
                new Times(times.createdAt(), time, times.expiresAt(), times.endedAt()),
                version);
    }

    Instance expiringAt(Instant time) {
        return with(
                state,
                reason,
                origin,
                limits,
                new Times(times.createdAt(), times.lastActiveAt(), Optional.of(time), times.endedAt()));
    }

    /// The same without labels, for those who read them elsewhere.
    public Instance withLabels(Map<String, String> newLabels) {
        return new Instance(
                id, tenant, name, state, reason, image, origin, limits, network, newLabels, lifetime, times, version);
    }

    /// As one whose server died is recorded.
    public Instance lost(String why, Instant now) {
        return with(
                InstanceState.FAILED,
                why,
                origin,
                limits,
                new Times(times.createdAt(), times.lastActiveAt(), times.expiresAt(), Optional.of(now)));
    }

    private Instance with(
            InstanceState newState, String why, Optional<Origin> newOrigin, Limits newLimits, Times newTimes) {
        return new Instance(
                id,
                tenant,
                name,
                newState,
                why,
                image,
                newOrigin,
                newLimits,
                network,
                labels,
                lifetime,
                newTimes,
                version + 1);
    }

    /// @param isolation what really separates it from its host
    /// @param digest    the image's
    public record Origin(Isolation isolation, String digest) {}

    /// @param lastActiveAt the end of the last command, file call or stream; the creation before any
    /// @param expiresAt    when its time to live is over, if it ever is
    public record Times(
            Instant createdAt, Instant lastActiveAt, Optional<Instant> expiresAt, Optional<Instant> endedAt) {}
}
