package dev.faas.drivers.docker;

import com.github.dockerjava.api.model.Info;
import dev.faas.core.sandbox.DriverStatus;
import dev.faas.core.sandbox.DriverStatus.Capability;
import dev.faas.core.sandbox.DriverStatus.Check;
import dev.faas.core.sandbox.DriverStatus.Level;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// What an engine says about itself, as a driver's status.
///
/// @param address    where it was asked
/// @param apiVersion spoken with it
/// @param quota      whether its storage limits the writable layer
/// @param networkObstacle why sandboxes can't be kept from anything on the network; empty if they can
record EngineStatus(String address, String apiVersion, Info info, boolean quota, Optional<String> networkObstacle) {

    private static final String OPEN_NETWORK = "sandboxes with network reach services of the engine's machine and"
            + " link-local addresses through it, and egress rules are refused: ";

    static DriverStatus unavailable(String address, String reason) {
        return DriverStatus.unavailable(
                reason,
                "start a Docker Engine and let this user open " + address + ", or set DOCKER_HOST to one that runs");
    }

    DriverStatus status(AgentProgram agent) {
        if (!"linux".equals(info.getOsType())) {
            return DriverStatus.unavailable(
                    "the Docker Engine runs " + info.getOsType() + " containers", "switch it to Linux containers");
        }
        var misfit = agent.misfit(String.valueOf(info.getArchitecture()));
        if (misfit.isPresent()) {
            return DriverStatus.unavailable(misfit.get(), "build faas-agent for the engine's architecture");
        }
        return new DriverStatus(true, "", capabilities(), checks());
    }

    private Set<Capability> capabilities() {
        var capabilities = EnumSet.of(
                Capability.EXEC,
                Capability.PTY,
                Capability.FILES,
                Capability.TUNNEL,
                Capability.NETWORK_NONE,
                Capability.NETWORK_NAT,
                Capability.USER,
                Capability.READ_ONLY_ROOT);
        if (isTrue(info.getMemoryLimit())) {
            capabilities.add(Capability.MEMORY_LIMIT);
        }
        if (isTrue(info.getCpuCfsQuota())) {
            capabilities.add(Capability.CPU_LIMIT);
        }
        if (limitsProcesses()) {
            capabilities.add(Capability.PROCESS_LIMIT);
        }
        if (limitsAll()) {
            capabilities.add(Capability.LIVE_LIMITS);
        }
        if (!"none".equals(info.getCGroupDriver())) {
            capabilities.add(Capability.FREEZE);
        }
        if (networkObstacle.isEmpty()) {
            capabilities.add(Capability.EGRESS_RULES);
        }
        if (quota) {
            capabilities.add(Capability.DISK_LIMIT);
        }
        return capabilities;
    }

    private List<Check> checks() {
        var checks = new ArrayList<Check>();
        checks.add(new Check("engine", Level.OK, info.getServerVersion() + " at " + address, ""));
        checks.add(new Check("api", Level.OK, apiVersion, ""));
        var groups = "cgroup v" + info.getCGroupVersion() + ", driver " + info.getCGroupDriver();
        checks.add(
                limitsAll()
                        ? new Check("limits", Level.OK, groups, "")
                        : new Check(
                                "limits",
                                Level.DEGRADED,
                                groups + "; memory, CPU or process limits are missing",
                                "delegate the memory, cpu and pids controllers to the engine"));
        checks.add(
                quota
                        ? new Check("disk limit", Level.OK, DiskQuota.describe(info), "")
                        : new Check(
                                "disk limit",
                                Level.DEGRADED,
                                DiskQuota.describe(info) + " can't limit the writable layer",
                                "put the engine's data on xfs mounted with pquota, or on zfs"));
        checks.add(networkObstacle
                .map(reason -> new Check(
                        "network",
                        Level.DEGRADED,
                        OPEN_NETWORK + reason,
                        "run the platform as root beside the engine, or use the native runtime"))
                .orElseGet(() -> new Check("network", Level.OK, "guarded by firewalls of the platform's", "")));
        return checks;
    }

    private boolean limitsAll() {
        return isTrue(info.getMemoryLimit()) && isTrue(info.getCpuCfsQuota()) && limitsProcesses();
    }

    /// docker-java has no field for it.
    private boolean limitsProcesses() {
        return Boolean.TRUE.equals(info.getRawValues().get("PidsLimit"));
    }

    private static boolean isTrue(@Nullable Boolean value) {
        return Boolean.TRUE.equals(value);
    }
}
