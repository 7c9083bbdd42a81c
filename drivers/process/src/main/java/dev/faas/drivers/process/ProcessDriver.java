package dev.faas.drivers.process;

import dev.faas.core.common.ErrorCode;
import dev.faas.core.common.PlatformException;
import dev.faas.core.image.Image;
import dev.faas.core.image.ImageReference;
import dev.faas.core.image.ImageStore.ProgressListener;
import dev.faas.core.sandbox.DriverStatus;
import dev.faas.core.sandbox.DriverStatus.Capability;
import dev.faas.core.sandbox.DriverStatus.Check;
import dev.faas.core.sandbox.DriverStatus.Level;
import dev.faas.core.sandbox.Isolation;
import dev.faas.core.sandbox.Origin;
import dev.faas.core.sandbox.Limits;
import dev.faas.core.sandbox.Sandbox;
import dev.faas.core.sandbox.SandboxDriver;
import dev.faas.core.sandbox.SandboxSpec;
import dev.faas.drivers.agent.AgentSandbox;
import dev.faas.drivers.agent.wire.Rlimit;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/// Runs commands on the host itself, as children of an agent that is a child of this process. Thread-safe.
///
/// There is one image, `host`: the host's own file system. What can't be enforced without isolation is refused, never
/// ignored.
public final class ProcessDriver implements SandboxDriver {

    /// The only image there is.
    public static final ImageReference HOST_IMAGE = ImageReference.of("host");

    private static final String HOST_DIGEST = "host";

    private final ProcessDriverConfig config;
    private final Map<String, AgentProcessHost> alive = new ConcurrentHashMap<>();
    private volatile boolean closed;

    public ProcessDriver(ProcessDriverConfig config) {
        this.config = config;
    }

    @Override
    public Isolation isolation() {
        return Isolation.PROCESS;
    }

    @Override
    public DriverStatus status() {
        if (!config.enabled()) {
            return DriverStatus.unavailable(
                    "processes without isolation are switched off",
                    "switch the process runtime on, if every caller is trusted");
        }
        if (!Files.isExecutable(config.agent())) {
            return DriverStatus.unavailable("faas-agent is not at " + config.agent(), "build the native programs");
        }
        var isolation = new Check(
                "isolation",
                Level.DEGRADED,
                "none: commands see and may change the host",
                "use the native or the docker runtime");
        return new DriverStatus(true, "", capabilities(), List.of(isolation));
    }

    private static Set<Capability> capabilities() {
        var capabilities = EnumSet.of(Capability.EXEC, Capability.PTY, Capability.FILES, Capability.TUNNEL);
        if ("root".equals(System.getProperty("user.name"))) {
            capabilities.add(Capability.USER);
        }
        return capabilities;
    }

    @Override
    public Image requireImage(ImageReference reference, ProgressListener progress) {
        if (!reference.canonical().equals(HOST_IMAGE.canonical())) {
            throw new PlatformException(
                    ErrorCode.IMAGE_NOT_FOUND,
                    "the process runtime has no image '" + reference
                            + "': it runs on the host's files; ask for image 'host'");
        }
        return hostImage(reference, Path.of("/"));
    }

    private static Image hostImage(ImageReference reference, Path workingDir) {
        var config = new Image.Config(Map.of(), workingDir.toString(), "", List.of(), List.of());
        return new Image(reference, HOST_DIGEST, List.of(), config, 0);
    }

    @Override
    public Sandbox create(SandboxSpec spec) {
        var status = status();
        if (closed || !status.available()) {
            throw new PlatformException(
                    ErrorCode.RUNTIME_UNAVAILABLE, closed ? "the process runtime is shutting down" : status.reason());
        }
        check(spec);
        requireImage(spec.image(), ProgressListener.SILENT);
        long begin = System.nanoTime();
        var host = new AgentProcessHost(config, spec.id(), alive::remove);
        if (alive.putIfAbsent(spec.id(), host) != null) {
            throw new PlatformException(ErrorCode.CONFLICT, "there is a sandbox " + spec.id() + " already");
        }
        var agent = host.start();
        var traits = new AgentSandbox.Traits(
                spec.id(),
                Isolation.PROCESS,
                hostImage(spec.image(), host.workingDirectory()),
                Duration.ofNanos(System.nanoTime() - begin),
                Origin.COLD,
                List.of(Rlimit.of(Rlimit.NOFILE, spec.limits().openFiles())));
        return new AgentSandbox(traits, agent, host);
    }

    private void check(SandboxSpec spec) {
        var asked = spec.limits();
        var defaults = config.defaultLimits();
        var enforceable = new Limits(
                defaults.memory(),
                defaults.cpuMillis(),
                defaults.processes(),
                defaults.disk(),
                asked.openFiles(),
                defaults.readBps(),
                defaults.writeBps());
        refuseIf(!asked.equals(enforceable), "limits", "only the number of open files can be limited");
        refuseIf(!spec.network().equals(config.defaultNetwork()), "network", "the network is the host's");
        refuseIf(spec.readOnlyRoot(), "read_only_root", "the root is the host's");
        refuseIf(!spec.id().matches("[a-z0-9_-]{1,64}"), "id", "must match [a-z0-9_-]{1,64}");
    }

    private static void refuseIf(boolean asked, String field, String reason) {
        if (asked) {
            throw PlatformException.invalid(field, "a process without isolation can't have this: " + reason);
        }
    }

    @Override
    public List<String> list() {
        return List.copyOf(alive.keySet());
    }

    @Override
    public void close() {
        closed = true;
        alive.values().forEach(AgentProcessHost::destroy);
    }
}
