package dev.faas.drivers.linux;

import dev.faas.core.common.ErrorCode;
import dev.faas.core.common.PlatformException;
import dev.faas.core.image.Image;
import dev.faas.core.image.ImageReference;
import dev.faas.core.image.ImageStore;
import dev.faas.core.image.ImageStore.ProgressListener;
import dev.faas.core.sandbox.DriverStatus;
import dev.faas.core.sandbox.Isolation;
import dev.faas.core.sandbox.Origin;
import dev.faas.core.sandbox.Sandbox;
import dev.faas.core.sandbox.SandboxDriver;
import dev.faas.core.sandbox.SandboxSpec;
import dev.faas.drivers.agent.AgentSandbox;
import dev.faas.drivers.agent.FrameConnection;
import dev.faas.drivers.agent.SocketReactor;
import dev.faas.drivers.agent.wire.SpawnerMessage.Created;
import dev.faas.drivers.agent.wire.SpawnerMessage.Died;
import java.io.IOException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// Sandboxes made by faas-spawner. Thread-safe.
///
/// A spawner that dies takes its sandboxes along: each of them is reported as lost, and new ones are made by the next
/// spawner.
public final class NativeDriver implements SandboxDriver {

    /// Older news are renewed, but nobody waits for that: probing takes some 70 ms, and every execution asks.
    private static final Duration STATUS_LIFETIME = Duration.ofSeconds(5);
    /// Older news count for nothing.
    private static final Duration STATUS_LIMIT = Duration.ofMinutes(1);

    private final NativeDriverConfig config;
    private final ImageStore images;
    private final HostResolvers resolvers = new HostResolvers();
    private final SocketReactor reactor;
    private final SpawnerSupervisor spawners;
    private final Map<String, NativeSandbox> alive = new ConcurrentHashMap<>();
    private final ReentrantLock statusLock = new ReentrantLock();
    /// Guarded by the status lock.
    private @Nullable DriverStatus status;
    private long statusTime;
    private @Nullable FutureTask<DriverStatus> probing;

    private NativeDriver(NativeDriverConfig config, ImageStore images) {
        this.config = config;
        this.images = images;
        reactor = new SocketReactor("native");
        var random = new byte[4];
        new SecureRandom().nextBytes(random);
        // Short: a unix socket's path may have 107 bytes.
        var directory = config.runDirectory().resolve(HexFormat.of().formatHex(random));
        try {
            spawners = new SpawnerSupervisor(config, directory, reactor, this::died, this::spawnerLost);
        } catch (PlatformException e) {
            reactor.close();
            throw e;
        }
    }

    /// Starts the spawner, and begins to find out what this host can do.
    ///
    /// @throws PlatformException `RUNTIME_FAILED` when it doesn't start
    public static NativeDriver start(NativeDriverConfig config, ImageStore images) {
        var driver = new NativeDriver(config, images);
        driver.statusLock.lock();
        try {
            driver.beginProbe();
        } finally {
            driver.statusLock.unlock();
        }
        return driver;
    }

    @Override
    public Isolation isolation() {
        return Isolation.NATIVE;
    }

    @Override
    public DriverStatus status() {
        FutureTask<DriverStatus> news;
        statusLock.lock();
        try {
            var known = status;
            long age = System.nanoTime() - statusTime;
            if (known != null && age < STATUS_LIFETIME.toNanos()) {
                return known;
            }
            news = beginProbe();
            if (known != null && known.available() && age < STATUS_LIMIT.toNanos()) {
                return known;
            }
        } finally {
            statusLock.unlock();
        }
        return await(news);
    }

    /// Called with the status lock held. One at a time: whoever comes while it lasts waits for the same.
    private FutureTask<DriverStatus> beginProbe() {
        var begun = probing;
        if (begun == null) {
            begun = new FutureTask<>(this::renewStatus);
            probing = begun;
            Thread.ofVirtual().name("faas-probe").start(begun);
        }
        return begun;
    }

    private DriverStatus renewStatus() {
        Optional<DriverStatus> found = Optional.empty();
        try {
            found = Optional.of(probe());
            return found.get();
        } finally {
            statusLock.lock();
            try {
                probing = null;
                status = found.orElse(null);
                statusTime = System.nanoTime();
            } finally {
                statusLock.unlock();
            }
        }
    }

    private static DriverStatus await(FutureTask<DriverStatus> news) {
        try {
            return news.get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return DriverStatus.unavailable("interrupted while probing the host", "ask again");
        } catch (ExecutionException e) {
            throw new IllegalStateException("probing the host failed", e.getCause());
        }
    }

    private DriverStatus probe() {
        try {
            return ProbeReport.status(spawners.get().probe(), dnsServers());
        } catch (PlatformException e) {
            return DriverStatus.unavailable(
                    String.valueOf(e.getMessage()), "look for faas-spawner's messages in the log");
        }
    }

    private List<String> dnsServers() {
        return config.dnsServers().isEmpty() ? resolvers.reachable() : config.dnsServers();
    }

    @Override
    public Image requireImage(ImageReference reference, ProgressListener progress) {
        return images.require(reference, progress);
    }

    @Override
    public Sandbox create(SandboxSpec spec) {
        long begin = System.nanoTime();
        var image = images.find(spec.image())
                .orElseThrow(() -> new PlatformException(
                        ErrorCode.IMAGE_NOT_FOUND, "image '" + spec.image() + "' is not on this machine"));
        var spawner = spawners.get();
        var lease = images.lease(image);
        var host = new NativeSandbox(spec.id(), spawner, lease, sandbox -> alive.remove(sandbox.id(), sandbox));
        if (alive.putIfAbsent(spec.id(), host) != null) {
            lease.close();
            throw new PlatformException(ErrorCode.CONFLICT, "there is a sandbox " + spec.id() + " already");
        }
        Created created;
        try {
            created = spawner.create(CreateRequests.of(spec, image, this::dnsServers));
        } catch (RuntimeException e) {
            host.orphaned("it was never made");
            throw e;
        }
        host.made(created);
        var agent = connect(host, created);
        var startTime = Duration.ofNanos(System.nanoTime() - begin);
        var traits = new AgentSandbox.Traits(
                spec.id(), Isolation.NATIVE, image, startTime, origin(created), List.of());
        return new AgentSandbox(traits, agent, host);
    }

    private static Origin origin(Created created) {
        return created.pooled() == 0 ? Origin.COLD : Origin.POOLED_PARTS;
    }

    /// Doesn't wait for the agent's greeting: the first request is read as soon as the agent is up.
    private FrameConnection connect(NativeSandbox host, Created created) {
        try {
            return reactor.connect(Path.of(created.socket()), host);
        } catch (IOException e) {
            host.destroy();
            throw new PlatformException(
                    ErrorCode.SANDBOX_FAILED, "the agent can't be reached: " + e.getMessage(), e);
        }
    }

    @Override
    public List<String> list() {
        return List.copyOf(alive.keySet());
    }

    @Override
    public void close() {
        spawners.close();
        alive.values().forEach(sandbox -> sandbox.orphaned("the native runtime was shut down"));
        reactor.close();
    }

    private void died(Died died) {
        var sandbox = alive.get(died.id());
        if (sandbox != null) {
            sandbox.gone(died);
        }
    }

    private void spawnerLost(String reason) {
        alive.values().forEach(sandbox -> sandbox.orphaned(reason));
    }
}
