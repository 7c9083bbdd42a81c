package dev.faas.drivers.docker;

import com.github.dockerjava.api.model.Info;
import dev.faas.core.common.ErrorCode;
import dev.faas.core.common.PlatformException;
import dev.faas.core.image.Image;
import dev.faas.core.image.ImageReference;
import dev.faas.core.image.ImageStore;
import dev.faas.core.image.ImageStore.ProgressListener;
import dev.faas.core.image.RegistryLogins;
import dev.faas.core.sandbox.DriverStatus;
import dev.faas.core.sandbox.Isolation;
import dev.faas.core.sandbox.Network;
import dev.faas.core.sandbox.Sandbox;
import dev.faas.core.sandbox.SandboxDriver;
import dev.faas.core.sandbox.SandboxSpec;
import java.io.OutputStream;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Sandboxes as containers of a Docker Engine, which may come and go while this driver lives. Thread-safe.
public final class DockerDriver implements SandboxDriver {

    private static final Logger LOG = LoggerFactory.getLogger(DockerDriver.class);

    private final DockerDriverConfig config;
    private final Engine engine;
    private final Ownership ownership;
    private final Removals removals;
    private final EngineImages images;
    private final AgentVolume agentVolume;
    private final NetworkGuard guard;
    private final InstanceNetwork network;
    private final StatusProbe probe;
    private final DockerSandbox.Maker maker;
    private final Turns turns = new Turns();
    private final Map<String, DockerSandbox> sandboxes = new ConcurrentHashMap<>();
    private final AtomicBoolean swept = new AtomicBoolean();
    private final AtomicBoolean closed = new AtomicBoolean();

    private DockerDriver(
            DockerDriverConfig config, Engine engine, Ownership ownership, ImageStore store, RegistryLogins logins) {
        this.config = config;
        this.engine = engine;
        this.ownership = ownership;
        removals = new Removals(engine);
        images = new EngineImages(engine, store, new EngineLogins(engine, logins), config.transferLimit());
        agentVolume = new AgentVolume(engine, ownership, config.agent());
        guard = new NetworkGuard(config.guard(), engine.address());
        network = new InstanceNetwork(engine, ownership, guard);
        probe = new StatusProbe(engine, config, guard, new DiskQuota(engine, ownership));
        maker = new DockerSandbox.Maker(engine, removals, config.startLimit());
    }

    /// Takes its place beside other instances and removes what dead ones left in the engine. An engine that isn't there
    /// is no error: it shows in [#status], and is looked for again each time.
    ///
    /// @param store  has the images that aren't the engine's
    /// @param logins for the engine's pulls
    public static DockerDriver start(DockerDriverConfig config, ImageStore store, RegistryLogins logins) {
        var engine = new Engine(config);
        var driver = new DockerDriver(config, engine, Ownership.claim(config.runDirectory()), store, logins);
        try {
            driver.sweepOnce();
        } catch (EngineException e) {
            LOG.debug("no Docker Engine yet: {}", e.getMessage());
        }
        return driver;
    }

    /// Removes what dead instances left in the engine, without becoming an instance.
    ///
    /// @return how many containers, networks and volumes were removed; 0 if there is no engine
    public static int sweep(DockerDriverConfig config) {
        try (var engine = new Engine(config);
                var removals = new Removals(engine)) {
            return new Sweep(engine, removals, new NetworkGuard(config.guard(), engine.address())).run();
        } catch (EngineException e) {
            LOG.debug("no Docker Engine to sweep: {}", e.getMessage());
            return 0;
        }
    }

    @Override
    public Isolation isolation() {
        return Isolation.DOCKER;
    }

    @Override
    public DriverStatus status() {
        return probe.status();
    }

    @Override
    public Image requireImage(ImageReference reference, ProgressListener progress) {
        try {
            return images.require(reference, progress).image();
        } catch (EngineException e) {
            throw failed(ErrorCode.RUNTIME_FAILED, e);
        }
    }

    /// Writes an image of the engine as `docker save` does, for the image store to import.
    ///
    /// @throws PlatformException `IMAGE_NOT_FOUND` naming what the engine has
    public void exportImage(ImageReference reference, OutputStream target) {
        try {
            images.save(reference, target);
        } catch (EngineException e) {
            throw failed(ErrorCode.RUNTIME_FAILED, e);
        }
    }

    @Override
    public Sandbox create(SandboxSpec spec) {
        refuseWhatDockerCannot(spec);
        if (closed.get()) {
            throw new PlatformException(ErrorCode.SHUTTING_DOWN, "the Docker driver is closed");
        }
        try {
            return createOnce(spec);
        } catch (EngineException e) {
            throw e.isLost() ? unreachable(e) : refused(e, spec);
        }
    }

    private Sandbox createOnce(SandboxSpec spec) {
        try {
            sweepOnce();
            refuseDiskLimit(spec);
            var image = images.find(spec.image(), ProgressListener.SILENT)
                    .orElseThrow(() -> images.notFound(spec.image(), "neither the image store nor the engine has it"));
            var recipe = recipe(spec, image);
            return keep(turns.take("making the container", () -> maker.make(recipe, image.image())));
        } catch (EngineException e) {
            // Somebody may have removed from the engine what sandboxes share.
            agentVolume.forget();
            network.forget();
            throw e;
        }
    }

    @Override
    public boolean showsLabels() {
        return true;
    }

    @Override
    public List<String> list() {
        return sandboxes.values().stream()
                .filter(DockerSandbox::isAlive)
                .map(DockerSandbox::id)
                .toList();
    }

    @Override
    public void close() {
        if (!closed.compareAndSet(false, true)) {
            return;
        }
        try (engine;
                ownership) {
            destroyAll();
            removals.close();
            network.remove();
            agentVolume.remove();
        } catch (EngineException e) {
            LOG.warn("the Docker Engine could not be cleaned up, which the next start will do: {}", e.getMessage());
        }
    }

    private void destroyAll() {
        var ending = sandboxes.values().stream()
                .map(sandbox -> Thread.ofVirtual().start(() -> destroyQuietly(sandbox)))
                .toList();
        for (var thread : ending) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
        }
    }

    private static void destroyQuietly(Sandbox sandbox) {
        try {
            sandbox.destroy();
        } catch (PlatformException e) {
            LOG.warn("sandbox {} could not be destroyed: {}", sandbox.id(), e.getMessage());
        }
    }

    private DockerSandbox keep(DockerSandbox sandbox) {
        sandboxes.put(sandbox.id(), sandbox);
        sandbox.onDestroyed(() -> sandboxes.remove(sandbox.id(), sandbox));
        if (closed.get()) {
            // Closed meanwhile: nobody would destroy it.
            sandbox.destroy();
            throw new PlatformException(ErrorCode.SHUTTING_DOWN, "the Docker driver is closed");
        }
        return sandbox;
    }

    private ContainerRecipe recipe(SandboxSpec spec, EngineImages.Resolved image) {
        Info info = probe.info();
        int cores = info.getNCPU() == null ? Integer.MAX_VALUE / 1000 : info.getNCPU();
        return new ContainerRecipe(
                spec,
                image.engineId(),
                agentVolume.get(image.engineId()),
                spec.network() instanceof Network.Nat wish ? Optional.of(networkFor(wish)) : Optional.empty(),
                ownership.labels(),
                cores,
                probe.hasQuota());
    }

    private SandboxNetwork networkFor(Network.Nat wish) {
        boolean open = wish.rules().isEmpty() && wish.allowDefault();
        if (!open) {
            probe.networkObstacle().ifPresent(DockerDriver::refuseRules);
        }
        var found = network.get();
        if (!open && !found.isGuarded()) {
            refuseRules(probe.networkObstacle().orElse("its network can't be guarded"));
        }
        return found;
    }

    private static void refuseRules(String reason) {
        throw PlatformException.invalid(
                "network.egress", "can't be enforced for containers of this Docker Engine: " + reason);
    }

    private void sweepOnce() {
        if (swept.get()) {
            return;
        }
        new Sweep(engine, removals, guard).run();
        swept.set(true);
    }

    private static void refuseWhatDockerCannot(SandboxSpec spec) {
        if (spec.limits().readBps() > 0 || spec.limits().writeBps() > 0) {
            throw PlatformException.invalid(
                    "limits", "a Docker Engine can't be asked to limit disk bandwidth; use the native runtime");
        }
    }

    private void refuseDiskLimit(SandboxSpec spec) {
        if (!probe.hasQuota() && !spec.limits().disk().equals(config.defaultDisk())) {
            throw PlatformException.invalid(
                    "limits.disk_mb", "the Docker Engine's storage has no quotas; use the native runtime");
        }
    }

    private static PlatformException refused(EngineException failure, SandboxSpec spec) {
        if (failure.isConflict()) {
            return new PlatformException(ErrorCode.CONFLICT, "sandbox '" + spec.id() + "' exists already", failure);
        }
        return failure.status() == 400
                ? PlatformException.invalid("sandbox", "refused by the Docker Engine: " + failure.getMessage())
                : failure.asSandboxFailure();
    }

    private PlatformException unreachable(EngineException failure) {
        probe.forget();
        return failed(ErrorCode.SANDBOX_FAILED, failure);
    }

    private PlatformException failed(ErrorCode code, EngineException failure) {
        return new PlatformException(
                code, "the Docker Engine at " + engine.address() + " failed: " + failure.getMessage(), failure);
    }
}
