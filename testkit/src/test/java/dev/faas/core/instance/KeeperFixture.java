package dev.faas.core.instance;

import static org.awaitility.Awaitility.await;

import dev.faas.core.execution.EngineConfig;
import dev.faas.core.execution.ExecutionEngine;
import dev.faas.core.execution.ExecutionListener;
import dev.faas.core.execution.ExecutionObserver;
import dev.faas.core.execution.ExecutionRecord;
import dev.faas.core.execution.KnownResults;
import dev.faas.core.execution.Placement;
import dev.faas.core.execution.Reuse;
import dev.faas.core.image.ImageReference;
import dev.faas.core.pool.PoolConfig;
import dev.faas.core.sandbox.Isolation;
import dev.faas.core.sandbox.Limits;
import dev.faas.core.sandbox.Network;
import dev.faas.testkit.ManualClock;
import dev.faas.testkit.execution.InMemoryExecutionRepository;
import dev.faas.testkit.execution.Requests;
import dev.faas.testkit.instance.InMemoryInstanceRepository;
import dev.faas.testkit.sandbox.FakeSandbox;
import dev.faas.testkit.sandbox.FakeSandboxDriver;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/// A keeper and an engine over fakes whose clock only moves when the test says so.
final class KeeperFixture implements AutoCloseable {

    static final String TENANT = "tenant";
    static final InstanceConfig CONFIG = new InstanceConfig(
            5, 3, Duration.ofSeconds(30), Duration.ofHours(1), Duration.ofSeconds(5), Duration.ofSeconds(1));

    final ManualClock clock = new ManualClock(Instant.parse("2030-01-01T00:00:00Z"));
    final FakeSandboxDriver driver = new FakeSandboxDriver(Isolation.NATIVE, clock);
    final InMemoryInstanceRepository repository;
    final InstanceKeeper keeper;
    final ExecutionEngine engine;
    private final ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor();

    KeeperFixture() {
        this(new InMemoryInstanceRepository());
    }

    KeeperFixture(InMemoryInstanceRepository repository) {
        this.repository = repository;
        keeper = new InstanceKeeper(
                CONFIG, new Placement(EngineConfig.DEFAULT, List.of(driver)), List.of(driver), repository, clock);
        engine = new ExecutionEngine(
                EngineConfig.DEFAULT.withPools(PoolConfig.OFF),
                List.of(driver),
                new InMemoryExecutionRepository(),
                ExecutionObserver.NONE,
                clock,
                new Reuse(keeper, KnownResults.NONE));
    }

    static InstanceSpec spec(String name) {
        return spec(name, Lifetime.UNLIMITED);
    }

    static InstanceSpec spec(String name, Lifetime lifetime) {
        return new InstanceSpec(
                name,
                ImageReference.of("faas/base"),
                Optional.empty(),
                Limits.DEFAULT,
                new Network.None(),
                Map.of(),
                Map.of(),
                lifetime);
    }

    Instance create(String name) {
        return keeper.create(TENANT, spec(name));
    }

    Instance create(Lifetime lifetime) {
        return keeper.create(TENANT, spec("", lifetime));
    }

    InstanceState state(Instance instance) {
        return keeper.get(TENANT, instance.id()).state();
    }

    String reason(Instance instance) {
        return keeper.get(TENANT, instance.id()).reason();
    }

    FakeSandbox sandbox(Instance instance) {
        return driver.sandbox(instance.id()).orElseThrow();
    }

    ExecutionRecord exec(Instance instance, String script) throws InterruptedException {
        return engine.run(Requests.shell(script).instance(instance.id()).request(), ExecutionListener.SILENT);
    }

    String output(Instance instance, String script) throws InterruptedException {
        return new String(exec(instance, script).result().orElseThrow().stdout(), java.nio.charset.StandardCharsets.UTF_8);
    }

    void awaitState(Instance instance, InstanceState state) {
        await().until(() -> state(instance) == state);
    }

    <T> Future<T> inBackground(Callable<T> call) {
        return callers.submit(call);
    }

    @Override
    public void close() {
        driver.onCreate(spec -> {});
        driver.onDestroy(sandbox -> {});
        driver.onFreeze(sandbox -> {});
        repository.setAway(false);
        driver.close();
        var closing = inBackground(() -> {
            engine.close();
            keeper.close();
            return true;
        });
        await().until(() -> {
            clock.advance(Duration.ofSeconds(5));
            driver.close();
            return closing.isDone();
        });
        callers.shutdownNow();
    }
}
