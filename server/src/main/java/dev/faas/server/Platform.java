package dev.faas.server;

import dev.faas.core.cache.ResultCache;
import dev.faas.core.common.PlatformException;
import dev.faas.core.common.SystemTime;
import dev.faas.core.execution.ExecutionEngine;
import dev.faas.core.execution.Placement;
import dev.faas.core.execution.Reuse;
import dev.faas.core.image.ImageReference;
import dev.faas.core.image.ImageStore;
import dev.faas.core.instance.InstanceKeeper;
import dev.faas.core.sandbox.SandboxDriver;
import dev.faas.gateway.Gateway;
import dev.faas.gateway.metrics.GatewayMetrics;
import dev.faas.server.config.ServerConfig;
import dev.faas.store.image.FileImageStore;
import dev.faas.store.sql.SqlStore;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The whole platform, put together: read from top to bottom, this is how the parts hang together. Thread-safe once started.
final class Platform implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Platform.class);

    private final Lifecycle lifecycle;
    private final List<SandboxDriver> drivers;
    private final ImageStore images;
    private final ImageReference standardImage;
    private final Gateway gateway;

    private Platform(
            Lifecycle lifecycle,
            List<SandboxDriver> drivers,
            ImageStore images,
            ImageReference standardImage,
            Gateway gateway) {
        this.lifecycle = lifecycle;
        this.drivers = drivers;
        this.images = images;
        this.standardImage = standardImage;
        this.gateway = gateway;
    }

    /// Starts every part; requests are answered when it returns. What was started before a failure is stopped again.
    static Platform start(ServerConfig config) {
        var lifecycle = new Lifecycle();
        try {
            lifecycle.add("instance note", new Instances(config.dataDir()).register());
            var directories = Directories.prepare(config.dataDir());
            var images = lifecycle.add("image store", FileImageStore.open(config.images()));
            var drivers = Drivers.start(config, directories, images, lifecycle);
            var store = lifecycle.add("database", SqlStore.open(config.database()));
            var metrics = lifecycle.add("metrics", new GatewayMetrics());
            var time = lifecycle.add("clock", new SystemTime());
            var placement = new Placement(config.engine(), drivers);
            // Before the engine, so that it is closed after it: executions in instances end first.
            var instances = lifecycle.add(
                    "instances",
                    new InstanceKeeper(config.instances(), placement, drivers, store.instances(), time));
            var cache = lifecycle.add("result cache", new ResultCache(config.cache(), store.cachedResults(), time));
            var reuse = new Reuse(instances, cache);
            var engine = lifecycle.add(
                    "engine",
                    new ExecutionEngine(config.engine(), drivers, store.executions(), metrics.executions(), time, reuse));
            var parts = new Gateway.Parts(
                    engine, cache, instances, store.executions(), images, images::importArchive, config.dataDir());
            var gateway = lifecycle.add("gateway", Gateway.start(config.gateway(), parts, metrics));
            return new Platform(lifecycle, drivers, images, config.gateway().requests().image(), gateway);
        } catch (RuntimeException | Error e) {
            lifecycle.close();
            throw e;
        }
    }

    URI uri() {
        return gateway.uri();
    }

    /// Asks every technology how it is, in the background: the first request needn't wait for the answer, and what dead instances left
    /// in a container engine is removed now.
    void wake() {
        drivers.forEach(driver -> Thread.ofVirtual().name("faas-wake").start(driver::status));
    }

    /// As [dev.faas.cli.LocalPlatform.Gateway#prepareImage].
    void prepareImage(Optional<String> reference, ImageStore.ProgressListener progress) {
        try {
            images.require(reference.map(ImageReference::of).orElse(standardImage), progress);
        } catch (PlatformException e) {
            // A container engine may have it; if nobody has, the execution says so.
            LOG.debug("{}", e.getMessage());
        }
    }

    /// Takes nothing new and waits for what runs.
    ///
    /// @return whether everything ended by itself
    boolean drain(Duration deadline) {
        return gateway.drain(deadline);
    }

    /// Stops everything in the reverse order. Idempotent.
    @Override
    public void close() {
        lifecycle.close();
    }
}
