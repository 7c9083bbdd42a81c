package dev.faas.drivers.docker;

import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.command.CreateContainerCmd;
import com.github.dockerjava.api.model.Capability;
import com.github.dockerjava.api.model.HealthCheck;
import com.github.dockerjava.api.model.HostConfig;
import com.github.dockerjava.api.model.LogConfig;
import com.github.dockerjava.api.model.Mount;
import com.github.dockerjava.api.model.MountType;
import com.github.dockerjava.api.model.VolumeOptions;
import dev.faas.core.sandbox.Limits;
import dev.faas.core.sandbox.Network;
import dev.faas.core.sandbox.SandboxSpec;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// What a [SandboxSpec] is as a container. Immutable.
///
/// @param image       the engine's id of the image
/// @param agentVolume the volume with the agent's program
/// @param network     the way to the outside, if it gets one
/// @param cores       what the engine's machine has: it refuses to promise more
/// @param diskQuota   whether the engine's storage can limit the writable layer
record ContainerRecipe(
        SandboxSpec spec,
        String image,
        String agentVolume,
        Optional<SandboxNetwork> network,
        Map<String, String> labels,
        int cores,
        boolean diskQuota) {

    private static final String NO_NETWORK = "none";

    private static final long NANOS_PER_MILLI_CORE = 1_000_000;

    /// The engine's default set, less what a sandbox has no use for: raw sockets, device nodes, the kernel's audit log.
    private static final Capability[] DROPPED = {Capability.NET_RAW, Capability.MKNOD, Capability.AUDIT_WRITE};

    /// What stays writable below a read-only root: in memory, counted against its limit.
    private static final Map<String, String> SCRATCH = Map.of("/tmp", "rw,exec,nosuid,nodev,mode=1777");

    /// The name of a sandbox's container.
    static String containerName(String sandbox) {
        return "faas-" + sandbox;
    }

    CreateContainerCmd command(DockerClient client) {
        return client.createContainerCmd(image)
                .withName(containerName(spec.id()))
                .withHostName(spec.hostname())
                .withLabels(allLabels())
                .withEntrypoint(AgentVolume.AGENT, "--stdio")
                // The agent becomes whoever a command asks for, so it starts as root whatever the image says.
                .withUser("0:0")
                .withWorkingDir("/")
                .withAttachStdin(true)
                .withAttachStdout(true)
                .withAttachStderr(true)
                .withStdinOpen(true)
                // The agent reads end of file, and ends, when this process dies.
                .withStdInOnce(true)
                .withTty(false)
                .withHealthcheck(new HealthCheck().withTest(List.of("NONE")))
                .withHostConfig(hostConfig());
    }

    private Map<String, String> allLabels() {
        var all = new HashMap<>(spec.labels());
        all.putAll(labels);
        all.put(Ownership.SANDBOX, spec.id());
        return all;
    }

    private HostConfig hostConfig() {
        var config = agentMount(agentVolume, true)
                .withNetworkMode(network.map(SandboxNetwork::name).orElse(NO_NETWORK))
                .withReadonlyRootfs(spec.readOnlyRoot())
                .withLogConfig(new LogConfig(LogConfig.LoggingType.NONE))
                .withIpcMode("private")
                .withSecurityOpts(List.of("no-new-privileges"))
                .withCapDrop(DROPPED);
        if (spec.readOnlyRoot()) {
            config.withTmpFs(SCRATCH);
        }
        if (spec.network() instanceof Network.Nat nat && !nat.dns().isEmpty()) {
            config.withDns(nat.dns());
        }
        return limited(config, spec.limits());
    }

    private HostConfig limited(HostConfig config, Limits limits) {
        long memory = limits.memory().bytes();
        if (memory > 0) {
            // Memory and swap together: no swap beyond the memory.
            config.withMemory(memory).withMemorySwap(memory);
        }
        if (limits.cpuMillis() > 0) {
            config.withNanoCPUs(nanoCpus(limits, cores));
        }
        if (limits.processes() > 0) {
            config.withPidsLimit((long) limits.processes());
        }
        if (diskQuota && limits.disk().bytes() > 0) {
            DiskQuota.limited(config, limits.disk().bytes());
        }
        return config;
    }

    /// An engine refuses to promise more than its machine has.
    static long nanoCpus(Limits limits, int cores) {
        return Math.min(limits.cpuMillis(), cores * 1000L) * NANOS_PER_MILLI_CORE;
    }

    /// A host configuration with nothing but the agent's volume.
    static HostConfig agentMount(String volume, boolean readOnly) {
        var mount = new Mount()
                .withType(MountType.VOLUME)
                .withSource(volume)
                .withTarget(AgentVolume.DIRECTORY)
                .withReadOnly(readOnly)
                .withVolumeOptions(new VolumeOptions().withNoCopy(true));
        return HostConfig.newHostConfig().withMounts(List.of(mount));
    }
}
