package dev.faas.sdk;

import dev.faas.core.common.ErrorCode;
import dev.faas.core.common.PlatformException;
import dev.faas.core.common.SystemTime;
import dev.faas.core.execution.EngineConfig;
import dev.faas.core.execution.ExecutionEngine;
import dev.faas.core.execution.Placement;
import dev.faas.core.image.Image;
import dev.faas.core.image.ImageReference;
import dev.faas.core.image.ImageStore;
import dev.faas.core.instance.InstanceConfig;
import dev.faas.core.instance.InstanceKeeper;
import dev.faas.core.sandbox.Isolation;
import dev.faas.core.sandbox.SandboxDriver;
import dev.faas.gateway.Gateway;
import dev.faas.gateway.auth.ApiKey;
import dev.faas.gateway.http.GatewayConfig;
import dev.faas.gateway.metrics.GatewayMetrics;
import dev.faas.testkit.execution.InMemoryExecutionRepository;
import dev.faas.testkit.instance.InMemoryInstanceRepository;
import dev.faas.testkit.sandbox.FakeSandboxDriver;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentSkipListMap;

/// The real gateway and engine over sandboxes in memory.
final class LocalGateway implements AutoCloseable {

    private final SystemTime time = new SystemTime();
    private final FakeSandboxDriver driver = new FakeSandboxDriver(Isolation.NATIVE, time);
    private final GatewayMetrics metrics = new GatewayMetrics();
    private final InstanceKeeper instances;
    private final ExecutionEngine engine;
    private final Gateway gateway;

    LocalGateway() {
        this(List.of());
    }

    LocalGateway(List<ApiKey> keys) {
        var repository = new InMemoryExecutionRepository();
        var drivers = List.<SandboxDriver>of(driver);
        instances = new InstanceKeeper(
                InstanceConfig.DEFAULT,
                new Placement(EngineConfig.DEFAULT, drivers),
                drivers,
                new InMemoryInstanceRepository(),
                time);
        engine = new ExecutionEngine(
                EngineConfig.DEFAULT, drivers, repository, metrics.executions(), time, instances);
        var images = new NamedImages();
        gateway = Gateway.start(
                GatewayConfig.DEFAULT.withKeys(keys).withAddress("127.0.0.1", 0),
                new Gateway.Parts(engine, instances, repository, images, images::importArchive, Path.of("/")),
                metrics);
    }

    FakeSandboxDriver driver() {
        return driver;
    }

    URI uri() {
        return gateway.uri();
    }

    @Override
    public void close() {
        driver.close();
        gateway.close();
        engine.close();
        instances.close();
        metrics.close();
        time.close();
    }

    /// Images that are only names. `absent/…` can't be pulled.
    private static final class NamedImages implements ImageStore {

        private final Map<String, Image> images = new ConcurrentSkipListMap<>();

        private Image add(ImageReference reference, long size) {
            var image = new Image(reference, "sha256:0", List.of(Path.of("/layer")), Image.Config.EMPTY, size);
            images.put(reference.value(), image);
            return image;
        }

        @Override
        public Optional<Image> find(ImageReference reference) {
            return Optional.ofNullable(images.get(reference.value()));
        }

        @Override
        public Image require(ImageReference reference, ProgressListener progress) {
            if (reference.value().startsWith("absent/")) {
                throw new PlatformException(ErrorCode.IMAGE_NOT_FOUND, "no registry has " + reference);
            }
            progress.progress("layer", 1, 1);
            return add(reference, 1);
        }

        List<Image> importArchive(InputStream archive, Optional<ImageReference> name, ProgressListener progress) {
            try {
                long size = archive.transferTo(OutputStream.nullOutputStream());
                progress.progress("archive", size, 0);
                return List.of(add(name.orElseThrow(), size));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        @Override
        public ImageLease lease(Image image) {
            return () -> {};
        }

        @Override
        public List<Image> list() {
            return List.copyOf(images.values());
        }

        @Override
        public boolean remove(ImageReference reference) {
            return images.remove(reference.value()) != null;
        }

        @Override
        public PruneResult prune() {
            return new PruneResult(0, 0);
        }

        @Override
        public void export(Image image, OutputStream target) throws IOException {
            target.write(image.digest().getBytes(java.nio.charset.StandardCharsets.US_ASCII));
        }
    }
}
