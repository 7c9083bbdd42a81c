package dev.faas.core.execution;

import static org.awaitility.Awaitility.await;

import dev.faas.core.cache.ResultCache;
import dev.faas.core.cache.ResultCacheConfig;
import dev.faas.core.common.DataSize;
import dev.faas.core.common.ErrorCode;
import dev.faas.core.pool.PoolConfig;
import dev.faas.core.sandbox.Command;
import dev.faas.core.sandbox.Isolation;
import dev.faas.core.sandbox.Limits;
import dev.faas.core.sandbox.Network;
import dev.faas.core.sandbox.SandboxDriver;
import dev.faas.testkit.ManualClock;
import dev.faas.testkit.cache.InMemoryCachedResultRepository;
import dev.faas.testkit.execution.InMemoryExecutionRepository;
import dev.faas.testkit.execution.Requests;
import dev.faas.testkit.sandbox.FakeSandboxDriver;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/// An engine over fakes whose clock only moves when the test says so.
final class EngineFixture implements AutoCloseable {

    static final Duration QUEUE_TIMEOUT = Duration.ofSeconds(30);
    static final Duration BACKGROUND_QUEUE_TIMEOUT = Duration.ofMinutes(10);
    static final Duration IMAGE_DEADLINE = Duration.ofMinutes(5);
    static final Duration START_DEADLINE = Duration.ofSeconds(20);
    static final Duration KILL_GRACE = Duration.ofSeconds(5);
    /// Alarms that are always set: the next clean-up of records, and that of cached results.
    static final int STANDING_ALARMS = 2;

    final ManualClock clock = new ManualClock(Instant.parse("2030-01-01T00:00:00Z"));
    final FakeSandboxDriver driver = new FakeSandboxDriver(Isolation.NATIVE, clock);
    final InMemoryExecutionRepository repository = new InMemoryExecutionRepository();
    final Events events = new Events();
    final InMemoryCachedResultRepository results = new InMemoryCachedResultRepository();
    final ResultCache cache = new ResultCache(ResultCacheConfig.DEFAULT, results, clock);
    final ExecutionEngine engine;
    private final ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor();

    EngineFixture() {
        this(4, 4);
    }

    EngineFixture(int maxRunning, int maxQueued) {
        this(config(maxRunning, maxQueued), List.of());
    }

    EngineFixture(EngineConfig config, List<SandboxDriver> moreDrivers) {
        var drivers = new CopyOnWriteArrayList<SandboxDriver>(moreDrivers);
        drivers.add(driver);
        engine = new ExecutionEngine(
                config, drivers, repository, events, clock, new Reuse(StandingSandboxes.NONE, cache));
    }

    static EngineConfig config(int maxRunning, int maxQueued) {
        return new EngineConfig(
                new EngineConfig.Admission(
                        maxRunning, maxQueued, maxQueued, QUEUE_TIMEOUT, BACKGROUND_QUEUE_TIMEOUT),
                new EngineConfig.Deadlines(IMAGE_DEADLINE, START_DEADLINE, Duration.ofSeconds(10), KILL_GRACE),
                new EngineConfig.Output(
                        DataSize.ofBytes(1000), DataSize.ofBytes(1500), DataSize.ofMebibytes(16)),
                List.of(Isolation.NATIVE, Isolation.DOCKER),
                Limits.DEFAULT,
                new Network.None(),
                PoolConfig.OFF,
                new EngineConfig.Journal(
                        5000, 100, Duration.ZERO, Duration.ofSeconds(1), DataSize.ofBytes(1000)),
                new EngineConfig.Retention(Duration.ofDays(1), 1000, Duration.ofMinutes(1), 10));
    }

    ExecutionRecord run(Requests request) throws InterruptedException {
        return engine.run(request.request(), ExecutionListener.SILENT);
    }

    /// Runs on a thread of its own, as a second caller would.
    Future<ExecutionRecord> start(Requests request) {
        return inBackground(() -> run(request));
    }

    <T> Future<T> inBackground(Callable<T> call) {
        return callers.submit(call);
    }

    /// Runs something that ends only when it is told to, and waits until it runs.
    Future<ExecutionRecord> startHanging(Requests request) {
        var future = start(request.command(
                Command.of("sleep").withTimeout(request.request().command().timeout())));
        awaitState(request, ExecutionState.RUNNING);
        return future;
    }

    ExecutionRecord current(Requests request) {
        return engine.get(request.request().tenant(), request.request().id());
    }

    ExecutionRecord cancel(Requests request) {
        return engine.cancel(request.request().tenant(), request.request().id(), "somebody");
    }

    void awaitState(Requests request, ExecutionState state) {
        await().ignoreExceptions().until(() -> current(request).state() == state);
    }

    void awaitQueued(int count) {
        await().until(() -> engine.status().queued() == count);
    }

    void awaitIdle() {
        await().until(() -> engine.status().running() == 0 && driver.list().isEmpty());
    }

    @Override
    public void close() {
        driver.onRequireImage(reference -> {});
        driver.onCreate(spec -> {});
        driver.onDestroy(sandbox -> {});
        repository.setAway(false);
        results.setAway(false);
        results.onPut(() -> {});
        // Whatever a test left hanging ends when its sandbox does; draining without moving the clock would wait for that.
        driver.close();
        var closing = inBackground(() -> {
            engine.close();
            return true;
        });
        await().until(() -> {
            clock.advance(KILL_GRACE);
            driver.close();
            return closing.isDone();
        });
        cache.close();
        callers.shutdownNow();
    }

    /// Remembers what it was told, as words.
    static final class Events implements ExecutionObserver {

        final List<String> seen = new CopyOnWriteArrayList<>();

        @Override
        public void accepted(ExecutionRequest request) {
            seen.add("accepted " + request.id());
        }

        @Override
        public void refused(ExecutionRequest request, ErrorCode reason) {
            seen.add("refused " + request.id() + " " + reason.wire());
        }

        @Override
        public void started(ExecutionRecord record) {
            seen.add("started " + record.id());
        }

        @Override
        public void finished(ExecutionRecord record) {
            seen.add("finished " + record.id() + " " + record.state().wire());
        }

        @Override
        public void sandboxDestroyed(Isolation isolation, Duration took) {
            seen.add("destroyed " + isolation.wire());
        }
    }
}
