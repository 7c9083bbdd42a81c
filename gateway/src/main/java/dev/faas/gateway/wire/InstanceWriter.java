package dev.faas.gateway.wire;

import dev.faas.api.InstancePage;
import dev.faas.core.instance.Instance;
import dev.faas.core.instance.InstanceRepository;
import dev.faas.core.sandbox.Network;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/// Turns what is known of instances into what the wire carries.
public final class InstanceWriter {

    private InstanceWriter() {}

    public static dev.faas.api.Instance instance(Instance one) {
        var limits = one.limits();
        var times = one.times();
        var origin = one.origin();
        return new dev.faas.api.Instance(
                one.id(),
                blankToNull(one.name()),
                one.state().wire(),
                blankToNull(one.reason()),
                one.image(),
                origin.map(Instance.Origin::digest).orElse(null),
                origin.map(made -> made.isolation().wire()).orElse(null),
                origin.map(made -> made.isolation().strength()).orElse(null),
                limits.memory().mebibytes(),
                limits.cpuMillis() / 1000.0,
                limits.processes(),
                limits.disk().mebibytes(),
                limits.openFiles(),
                limits.readBps(),
                limits.writeBps(),
                one.network() instanceof Network.None ? "none" : "nat",
                one.labels(),
                millis(one.lifetime().ttl()),
                millis(one.lifetime().idleTtl()),
                one.lifetime().autoPause(),
                times.createdAt().toString(),
                times.lastActiveAt().toString(),
                times.expiresAt().map(Instant::toString).orElse(null),
                times.endedAt().map(Instant::toString).orElse(null));
    }

    public static InstancePage page(InstanceRepository.Page page) {
        return new InstancePage(
                page.instances().stream().map(InstanceWriter::instance).toList(),
                page.nextCursor().orElse(null));
    }

    private static @Nullable Long millis(Duration duration) {
        return duration.isZero() ? null : (Long) duration.toMillis();
    }

    private static @Nullable String blankToNull(String text) {
        return text.isEmpty() ? null : text;
    }
}
