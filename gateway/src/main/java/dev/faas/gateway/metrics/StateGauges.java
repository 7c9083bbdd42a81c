package dev.faas.gateway.metrics;

import com.sun.management.OperatingSystemMXBean;
import dev.faas.core.cache.ResultCache;
import dev.faas.core.execution.ExecutionEngine;
import dev.faas.core.instance.InstanceKeeper;
import dev.faas.core.pool.PoolCounts;
import dev.faas.core.pool.PoolLoad;
import dev.faas.core.pool.SandboxPools;
import dev.faas.core.sandbox.Isolation;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.FunctionTimer;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.jvm.JvmGcMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.function.DoubleSupplier;
import java.util.function.ToDoubleFunction;

/// What is so at the moment of a scrape: the engine's load, the runtimes, the host, this JVM.
public final class StateGauges implements AutoCloseable {

    private static final double PERCENT = 100.0;

    private final MeterRegistry registry;
    private final JvmGcMetrics gc = new JvmGcMetrics();

    /// @param dataDir whose file system is watched
    public StateGauges(
            MeterRegistry registry, ExecutionEngine engine, InstanceKeeper instances, ResultCache cache, Path dataDir) {
        this.registry = registry;
        gauge("faas.active.containers", "Sandboxes alive", () -> engine.status().running());
        gauge(
                "faas.total.containers",
                "Sandboxes alive, at most",
                () -> engine.status().maxRunning());
        gauge(
                "faas.available.containers",
                "Places for sandboxes that are free",
                () -> engine.status().maxRunning() - engine.status().running());
        gauge(
                "faas.execution.queue.depth",
                "Executions waiting for a place",
                () -> engine.status().queued());
        gauge("faas.journal.backlog", "Records waiting for the database", engine::journalBacklog);
        gauge("faas.instances", "Living instances, paused ones included", instances::living);
        CacheMeters.register(registry, cache);
        runtimes(engine);
        pools(engine.pools());
        host(dataDir);
        new JvmMemoryMetrics().bindTo(registry);
        new JvmThreadMetrics().bindTo(registry);
        gc.bindTo(registry);
    }

    private void runtimes(ExecutionEngine engine) {
        for (var isolation : Isolation.values()) {
            Gauge.builder("faas.runtime.available", () -> isAvailable(engine, isolation) ? 1 : 0)
                    .description("Whether the runtime can make sandboxes")
                    .tag("runtime", isolation.wire())
                    .register(registry);
        }
        gauge(
                "faas.docker.daemon.available",
                "Whether the Docker runtime can make sandboxes",
                () -> isAvailable(engine, Isolation.DOCKER) ? 1 : 0);
    }

    private void pools(SandboxPools pools) {
        for (var isolation : Isolation.values()) {
            poolGauge("faas.pool.available", "Sandboxes kept ready", pools, isolation, PoolLoad::available);
            poolGauge("faas.pool.filling", "Sandboxes being made ready", pools, isolation, PoolLoad::filling);
            poolGauge("faas.pool.in.use", "Pooled sandboxes handed out", pools, isolation, PoolLoad::inUse);
            poolCounter("faas.pool.hits", "Starts that found one ready", pools, isolation, PoolCounts::hits);
            poolCounter("faas.pool.misses", "Starts that did not", pools, isolation, PoolCounts::misses);
            poolCounter("faas.pool.refill.failures", "Attempts that failed", pools, isolation, PoolCounts::failures);
            poolCounter("faas.pool.lost", "Died while they waited", pools, isolation, PoolCounts::lost);
            FunctionTimer.builder(
                            "faas.pool.refill",
                            pools,
                            source -> source.load(isolation).counts().refills(),
                            source -> source.load(isolation).counts().refillTime().toNanos(),
                            TimeUnit.NANOSECONDS)
                    .description("Making a sandbox ready")
                    .tag("runtime", isolation.wire())
                    .register(registry);
        }
    }

    private void poolGauge(
            String name, String words, SandboxPools pools, Isolation isolation, ToDoubleFunction<PoolLoad> value) {
        Gauge.builder(name, pools, source -> value.applyAsDouble(source.load(isolation)))
                .description(words)
                .tag("runtime", isolation.wire())
                .register(registry);
    }

    private void poolCounter(
            String name, String words, SandboxPools pools, Isolation isolation, ToDoubleFunction<PoolCounts> value) {
        FunctionCounter.builder(name, pools, source -> value.applyAsDouble(source.load(isolation).counts()))
                .description(words)
                .tag("runtime", isolation.wire())
                .register(registry);
    }

    private void host(Path dataDir) {
        if (ManagementFactory.getOperatingSystemMXBean() instanceof OperatingSystemMXBean host) {
            gauge("faas.cpu.usage.percent", "CPU of this machine in use", () -> host.getCpuLoad() * PERCENT);
            gauge(
                    "faas.memory.usage.percent",
                    "Memory of this machine in use, caches included",
                    () -> used(host.getFreeMemorySize(), host.getTotalMemorySize()));
        }
        gauge("faas.disk.usage.percent", "File system of the data directory in use", () -> diskUsage(dataDir));
    }

    private void gauge(String name, String description, DoubleSupplier value) {
        Gauge.builder(name, value::getAsDouble).description(description).register(registry);
    }

    private static boolean isAvailable(ExecutionEngine engine, Isolation isolation) {
        return engine.runtimes().stream()
                .anyMatch(runtime ->
                        runtime.isolation() == isolation && runtime.status().available());
    }

    private static double diskUsage(Path dataDir) {
        try {
            var store = Files.getFileStore(dataDir);
            return used(store.getUsableSpace(), store.getTotalSpace());
        } catch (IOException e) {
            return Double.NaN;
        }
    }

    private static double used(long free, long total) {
        return total == 0 ? Double.NaN : PERCENT * (total - free) / total;
    }

    @Override
    public void close() {
        gc.close();
    }
}
