package dev.faas.gateway.route;

import dev.faas.api.DetailedMetrics;
import dev.faas.api.DetailedMetrics.Load;
import dev.faas.api.DetailedMetrics.RuntimeMetrics;
import dev.faas.api.DetailedMetrics.Summary;
import dev.faas.api.MetricsSummary;
import dev.faas.core.cache.ResultCache;
import dev.faas.core.execution.ExecutionEngine;
import dev.faas.core.sandbox.Isolation;
import dev.faas.gateway.auth.Scope;
import dev.faas.gateway.http.Exchange;
import dev.faas.gateway.http.Route;
import dev.faas.gateway.metrics.Tally;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/// Metrics for Prometheus and, in the older shapes, as JSON.
public final class MetricsRoutes {

    private static final String PROMETHEUS_TEXT = "text/plain; version=0.0.4; charset=utf-8";

    private final ExecutionEngine engine;
    private final ResultCache cache;
    private final Tally tally;
    private final PrometheusMeterRegistry registry;

    public MetricsRoutes(
            ExecutionEngine engine, ResultCache cache, Tally tally, PrometheusMeterRegistry registry) {
        this.engine = engine;
        this.cache = cache;
        this.tally = tally;
        this.registry = registry;
    }

    public List<Route> routes() {
        return List.of(
                Route.get("/metrics", Scope.READ, this::prometheus),
                Route.get("/api/v1/metrics", Scope.READ, this::summary),
                Route.get("/api/v1/metrics/detailed", Scope.READ, this::detailed));
    }

    private void prometheus(Exchange exchange) {
        exchange.answer(200, PROMETHEUS_TEXT, registry.scrape().getBytes(StandardCharsets.UTF_8));
    }

    private void summary(Exchange exchange) {
        exchange.allowQuery(Set.of());
        exchange.answer(
                200,
                new MetricsSummary(
                        tally.acceptedCount(),
                        cache.counts().hits(),
                        cache.counts().hitRate(),
                        tally.executions(Isolation.DOCKER),
                        0,
                        tally.executions(Isolation.NATIVE),
                        tally.executions(Isolation.PROCESS),
                        tally.failedCount(),
                        tally.timedOutCount()));
    }

    private void detailed(Exchange exchange) {
        exchange.allowQuery(Set.of());
        var status = engine.status();
        exchange.answer(
                200,
                new DetailedMetrics(
                        new Summary(tally.acceptedCount(), cache.counts().hits(), cache.counts().hitRate()),
                        runtimes(),
                        tally.performance(),
                        new Load(status.running(), status.queued(), status.maxRunning(), status.maxQueued())));
    }

    private Map<String, RuntimeMetrics> runtimes() {
        var runtimes = new TreeMap<String, RuntimeMetrics>();
        // The shape promises these two; this server may have neither.
        runtimes.put("firecracker", new RuntimeMetrics(0, false));
        runtimes.put(Isolation.DOCKER.wire(), new RuntimeMetrics(tally.executions(Isolation.DOCKER), false));
        for (var runtime : engine.runtimes()) {
            runtimes.put(
                    runtime.isolation().wire(),
                    new RuntimeMetrics(
                            tally.executions(runtime.isolation()),
                            runtime.status().available()));
        }
        return runtimes;
    }
}
