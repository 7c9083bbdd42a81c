package dev.faas.drivers.linux;

import dev.faas.core.sandbox.DriverStatus;
import dev.faas.core.sandbox.DriverStatus.Capability;
import dev.faas.core.sandbox.DriverStatus.Check;
import dev.faas.core.sandbox.DriverStatus.Level;
import dev.faas.drivers.agent.wire.SpawnerMessage.Feature;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// What the spawner found out about the host, in the platform's words.
final class ProbeReport {

    /// Features a sandbox can't be made without.
    private static final Set<String> INDISPENSABLE = Set.of("namespaces", "mount-api", "overlay", "seccomp");

    /// What is gone when a feature is.
    private static final Map<String, Set<Capability>> NEEDED_FOR = Map.of(
            "cgroup-memory", Set.of(Capability.MEMORY_LIMIT, Capability.LIVE_LIMITS),
            "cgroup-cpu", Set.of(Capability.CPU_LIMIT, Capability.LIVE_LIMITS),
            "cgroup-pids", Set.of(Capability.PROCESS_LIMIT, Capability.LIVE_LIMITS),
            "cgroup-io", Set.of(Capability.IO_LIMIT),
            "cgroup-freezer", Set.of(Capability.FREEZE),
            "nat", Set.of(Capability.NETWORK_NAT, Capability.EGRESS_RULES));

    private ProbeReport() {}

    static DriverStatus status(List<Feature> features, List<String> dnsServers) {
        var capabilities = EnumSet.allOf(Capability.class);
        var checks = new ArrayList<Check>();
        var reasons = new ArrayList<String>();
        for (var feature : features) {
            var level = level(feature.level());
            checks.add(new Check(feature.feature(), level, feature.detail(), feature.fix()));
            if (feature.feature().equals("privileges") && level != Level.OK) {
                // An ordinary user owns one id, and so does each of its sandboxes.
                capabilities.remove(Capability.USER);
            }
            if (level == Level.MISSING) {
                capabilities.removeAll(NEEDED_FOR.getOrDefault(feature.feature(), Set.of()));
                if (INDISPENSABLE.contains(feature.feature())) {
                    reasons.add(feature.feature() + ": " + feature.detail());
                }
            }
        }
        if (capabilities.contains(Capability.NETWORK_NAT)) {
            checks.add(dns(dnsServers));
        }
        return new DriverStatus(
                reasons.isEmpty(), String.join("; ", reasons), reasons.isEmpty() ? capabilities : Set.of(), checks);
    }

    private static Check dns(List<String> servers) {
        return servers.isEmpty()
                ? new Check(
                        "dns",
                        Level.DEGRADED,
                        "the host's resolvers are on its loopback, which no sandbox reaches: names don't resolve",
                        "configure name servers for sandboxes")
                : new Check("dns", Level.OK, String.join(", ", servers), "");
    }

    private static Level level(int number) {
        return switch (number) {
            case 0 -> Level.OK;
            case 1 -> Level.DEGRADED;
            default -> Level.MISSING;
        };
    }
}
