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
        boolean allLimits = isTrue(info.getMemoryLimit()) && isTrue(info.getCpuCfsQuota()) && limitsProcesses();
        checks.add(
                allLimits
                        ? new Check("limits", Level.OK, groups, "")
                        : new Check(
                                "limits",
                                Level.DEGRADED,
                                groups + "; memory, CPU or process limits are missing",
                                "delegate the memory, cpu and pids controllers to the engine"));
        checks.add(
                quota
                        ? new Check("disk limit", Level.OK, String.valueOf(info.getDriver()), "")
                        : new Check(
                                "disk limit",
                                Level.DEGRADED,
                                info.getDriver() + " on " + backing(info) + " can't limit the writable layer",
                                "put the engine's data on btrfs or zfs, or on xfs mounted with pquota"));
        checks.add(networkObstacle
                .map(reason -> new Check(
                        "network",
                        Level.DEGRADED,
                        OPEN_NETWORK + reason,
                        "run the platform as root beside the engine, or use the native runtime"))
                .orElseGet(() -> new Check("network", Level.OK, "guarded by firewalls of the platform's", "")));
        return checks;
    }

    /// docker-java has no field for it.
    private boolean limitsProcesses() {
        return Boolean.TRUE.equals(info.getRawValues().get("PidsLimit"));
    }

    /// Storage whose quota can be relied on without trying.
    static boolean hasQuota(Info info) {
        var driver = String.valueOf(info.getDriver());
        return driver.equals("btrfs") || driver.equals("zfs");
    }

    /// Storage that has a quota if it was mounted for it, which only an attempt tells.
    static boolean mayHaveQuota(Info info) {
        return String.valueOf(info.getDriver()).equals("overlay2") && backing(info).equals("xfs");
    }

    private static String backing(Info info) {
        var pairs = info.getDriverStatuses() == null ? List.<List<String>>of() : info.getDriverStatuses();
        return pairs.stream()
                .filter(pair -> pair.size() == 2 && pair.getFirst().equals("Backing Filesystem"))
                .map(List::getLast)
                .findFirst()
                .orElse("an unknown file system");
    }

    private static boolean isTrue(@Nullable Boolean value) {
        return Boolean.TRUE.equals(value);
    }
}
