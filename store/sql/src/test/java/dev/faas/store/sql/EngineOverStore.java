package dev.faas.store.sql;

import dev.faas.core.common.DataSize;
import dev.faas.core.common.SystemTime;
import dev.faas.core.execution.EngineConfig;
import dev.faas.core.execution.ExecutionEngine;
import dev.faas.core.execution.ExecutionListener;
import dev.faas.core.execution.ExecutionObserver;
import dev.faas.core.execution.ExecutionRecord;
import dev.faas.core.pool.PoolConfig;
import dev.faas.core.sandbox.Isolation;
import dev.faas.testkit.execution.Requests;
import dev.faas.testkit.sandbox.FakeSandboxDriver;
import java.time.Duration;
import java.util.List;

/// An engine that writes its records to a real database.
final class EngineOverStore implements AutoCloseable {

    final SqlStore store;
    final ExecutionEngine engine;
    private final SystemTime time = new SystemTime();

    EngineOverStore(SqlConfig config) {
        store = SqlStore.open(config);
        var defaults = EngineConfig.DEFAULT.withPools(PoolConfig.OFF);
        var journal = new EngineConfig.Journal(
                1000, 50, Duration.ofMillis(2), Duration.ofMillis(50), DataSize.ofBytes(10_000));
        engine = new ExecutionEngine(
                new EngineConfig(
                        defaults.admission(),
                        defaults.deadlines(),
                        defaults.output(),
                        defaults.autoOrder(),
                        defaults.defaultLimits(),
                        defaults.defaultNetwork(),
                        defaults.pools(),
                        journal,
                        defaults.retention()),
                List.of(new FakeSandboxDriver(Isolation.NATIVE, time)),
                store.executions(),
                ExecutionObserver.NONE,
                time);
    }

    ExecutionRecord run(Requests request) throws InterruptedException {
        return engine.run(request.request(), ExecutionListener.SILENT);
    }

    ExecutionRecord stored(Requests request) {
        return store.executions()
                .find(request.request().tenant(), request.request().id())
                .orElseThrow(() -> new AssertionError(request.request().id() + " was lost"));
    }

    @Override
    public void close() {
        engine.close();
        store.close();
        time.close();
    }
}
