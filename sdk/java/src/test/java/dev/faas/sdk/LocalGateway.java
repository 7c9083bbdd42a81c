package dev.faas.sdk;

import dev.faas.core.cache.ResultCache;
import dev.faas.core.cache.ResultCacheConfig;
import dev.faas.core.common.SystemTime;
import dev.faas.core.execution.EngineConfig;
import dev.faas.core.execution.ExecutionEngine;
import dev.faas.core.execution.Placement;
import dev.faas.core.execution.Reuse;
import dev.faas.core.instance.InstanceConfig;
import dev.faas.core.instance.InstanceKeeper;
import dev.faas.core.pool.PoolConfig;
import dev.faas.core.sandbox.Isolation;
import dev.faas.core.sandbox.SandboxDriver;
import dev.faas.gateway.Gateway;
import dev.faas.gateway.auth.ApiKey;
import dev.faas.gateway.http.GatewayConfig;
import dev.faas.gateway.metrics.GatewayMetrics;
import dev.faas.testkit.cache.InMemoryCachedResultRepository;
import dev.faas.testkit.execution.InMemoryExecutionRepository;
import dev.faas.testkit.image.FakeImageStore;
import dev.faas.testkit.instance.InMemoryInstanceRepository;
import dev.faas.testkit.sandbox.FakeSandboxDriver;
import java.net.URI;
import java.nio.file.Path;
import java.util.List;

/// The real gateway and engine over sandboxes in memory.
final class LocalGateway implements AutoCloseable {

    private final SystemTime time = new SystemTime();
    private final FakeSandboxDriver driver = new FakeSandboxDriver(Isolation.NATIVE, time);
    private final GatewayMetrics metrics = new GatewayMetrics();
    private final InstanceKeeper instances;
    private final ResultCache cache =
            new ResultCache(ResultCacheConfig.DEFAULT, new InMemoryCachedResultRepository(), time);
    private final ExecutionEngine engine;
    private final Gateway gateway;

    LocalGateway() {
        this(List.of());
    }

    LocalGateway(List<ApiKey> keys) {
        var repository = new InMemoryExecutionRepository();
        var drivers = List.<SandboxDriver>of(driver);
        var config = EngineConfig.DEFAULT.withPools(PoolConfig.OFF);
        instances = new InstanceKeeper(
                InstanceConfig.DEFAULT,
                new Placement(config, drivers),
                drivers,
                new InMemoryInstanceRepository(),
                time);
        engine = new ExecutionEngine(
                config, drivers, repository, metrics.executions(), time, new Reuse(instances, cache));
        var images = new FakeImageStore();
        gateway = Gateway.start(
                GatewayConfig.DEFAULT.withKeys(keys).withAddress("127.0.0.1", 0),
                new Gateway.Parts(engine, cache, instances, repository, images, images::importArchive, Path.of("/")),
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
        cache.close();
        metrics.close();
        time.close();
    }
}
