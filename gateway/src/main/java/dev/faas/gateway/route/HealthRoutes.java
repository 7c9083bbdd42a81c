package dev.faas.gateway.route;

import dev.faas.api.Health;
import dev.faas.api.Health.Component;
import dev.faas.api.Readiness;
import dev.faas.core.common.PlatformException;
import dev.faas.core.execution.EngineStatus;
import dev.faas.core.execution.ExecutionEngine;
import dev.faas.core.execution.ExecutionRepository;
import dev.faas.core.execution.RuntimeStatus;
import dev.faas.core.sandbox.Isolation;
import dev.faas.gateway.auth.ApiKey;
import dev.faas.gateway.http.Exchange;
import dev.faas.gateway.http.Route;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// `/health` and `/ready`: looked at, not assumed. They need no key, so what they find is kept for a moment: asking
/// often costs nothing.
public final class HealthRoutes {

    private static final Duration KEPT = Duration.ofSeconds(1);
    private static final String PROBE_ID = "exe_health";

    private final ExecutionEngine engine;
    private final ExecutionRepository repository;
    private final String version;
    private final long startedNanos = System.nanoTime();
    private volatile @Nullable Found found;

    public HealthRoutes(ExecutionEngine engine, ExecutionRepository repository, String version) {
        this.engine = engine;
        this.repository = repository;
        this.version = version;
    }

    public List<Route> routes() {
        return List.of(Route.open("/health", this::health), Route.open("/ready", this::ready));
    }

    private void health(Exchange exchange) {
        var now = look();
        boolean isStoreUp = now.components().getFirst().healthy();
        boolean canRun = isStoreUp && now.runtimes().stream().anyMatch(HealthRoutes::isAvailable);
        boolean isWhole = now.components().stream().allMatch(Component::healthy);
        exchange.answer(
                canRun ? 200 : 503,
                new Health(
                        canRun ? isWhole ? "healthy" : "degraded" : "unhealthy",
                        now.runtimes().stream()
                                .anyMatch(runtime -> runtime.isolation() == Isolation.DOCKER && isAvailable(runtime)),
                        false,
                        Duration.ofNanos(System.nanoTime() - startedNanos).toMillis(),
                        version,
                        now.components()));
    }

    private void ready(Exchange exchange) {
        var status = engine.status();
        var reason = reasonNotReady(status);
        exchange.answer(
                reason.isEmpty() ? 200 : 503,
                new Readiness(
                        reason.isEmpty(),
                        reason,
                        status.running(),
                        status.queued(),
                        status.maxRunning(),
                        status.maxQueued()));
    }

    private String reasonNotReady(EngineStatus status) {
        if (!status.accepting()) {
            return "the server is shutting down";
        }
        if (status.queued() >= status.maxQueued()) {
            return "the queue is full";
        }
        return engine.runtimes().stream().anyMatch(HealthRoutes::isAvailable) ? "" : "no runtime is available";
    }

    /// The store first, then every runtime.
    private Found look() {
        var last = found;
        if (last != null && System.nanoTime() - last.nanos() < KEPT.toNanos()) {
            return last;
        }
        var runtimes = engine.runtimes();
        var components = new ArrayList<Component>();
        components.add(store());
        for (var runtime : runtimes) {
            components.add(new Component(
                    "runtime " + runtime.isolation().wire(),
                    isAvailable(runtime),
                    runtime.status().reason()));
        }
        var now = new Found(System.nanoTime(), List.copyOf(components), runtimes);
        found = now;
        return now;
    }

    private Component store() {
        try {
            repository.find(ApiKey.DEFAULT_TENANT, PROBE_ID);
            return new Component("store", true, "");
        } catch (PlatformException e) {
            return new Component("store", false, String.valueOf(e.getMessage()));
        }
    }

    private static boolean isAvailable(RuntimeStatus runtime) {
        return runtime.status().available();
    }

    private record Found(long nanos, List<Component> components, List<RuntimeStatus> runtimes) {}
}
