package dev.faas.gateway.route;

import dev.faas.core.execution.ExecutionEngine;
import dev.faas.core.pool.PrewarmRequest;
import dev.faas.core.pool.SandboxPools;
import dev.faas.gateway.auth.Scope;
import dev.faas.gateway.http.Exchange;
import dev.faas.gateway.http.GatewayConfig;
import dev.faas.gateway.http.Route;
import dev.faas.gateway.limit.RequestGate;
import dev.faas.gateway.wire.PoolWriter;
import dev.faas.gateway.wire.PrewarmRequestReader;
import java.time.Duration;
import java.util.List;
import java.util.Set;

/// `GET /api/v1/pools` and `/api/v1/prewarm`.
public final class PoolRoutes {

    private static final String PREWARM = "/api/v1/prewarm";

    private final GatewayConfig config;
    private final ExecutionEngine engine;
    private final SandboxPools pools;
    private final RequestGate gate;
    private final PrewarmRequestReader reader;

    public PoolRoutes(GatewayConfig config, ExecutionEngine engine, RequestGate gate) {
        this.config = config;
        this.engine = engine;
        this.gate = gate;
        pools = engine.pools();
        reader = new PrewarmRequestReader(config.requests(), pools.config());
    }

    public List<Route> routes() {
        return List.of(
                Route.get("/api/v1/pools", Scope.READ, this::list),
                Route.post(PREWARM, Scope.EXECUTE, this::prewarm),
                Route.delete(PREWARM + "/{id}", Scope.EXECUTE, this::end));
    }

    private void list(Exchange exchange) {
        exchange.allowQuery(Set.of());
        var tenant = exchange.tenant();
        exchange.answer(
                200,
                PoolWriter.list(
                        pools.config().maxSandboxes(),
                        pools.list(tenant),
                        pools.prewarming().list(tenant)));
    }

    private void prewarm(Exchange exchange) throws InterruptedException {
        exchange.allowQuery(Set.of());
        try (var _ = gate.enter()) {
            var body = exchange.json(exchange.body().json(config.http().maxBody()));
            var wanted = reader.read(body, exchange.tenant());
            if (wanted.request().count() == 0) {
                exchange.answer(200, PoolWriter.prewarming(pools.prewarming().endLike(wanted.request())));
            } else {
                start(exchange, wanted.request(), wanted.patience());
            }
        }
    }

    private void start(Exchange exchange, PrewarmRequest request, Duration wait) throws InterruptedException {
        var started = engine.prewarm(request);
        var now = wait.isZero()
                ? started
                : pools.prewarming().awaitReady(request.tenant(), started.id(), wait);
        exchange.answer(now.isReady() ? 200 : 202, PoolWriter.prewarming(now));
    }

    private void end(Exchange exchange) {
        exchange.allowQuery(Set.of());
        var ended = pools.prewarming().end(exchange.tenant(), exchange.pathVariable("id"));
        exchange.answer(200, PoolWriter.prewarming(ended));
    }
}
