package dev.faas.gateway;

import dev.faas.core.cache.ResultCache;
import dev.faas.core.common.Ids;
import dev.faas.core.execution.ExecutionEngine;
import dev.faas.core.execution.ExecutionRepository;
import dev.faas.core.image.ImageStore;
import dev.faas.core.instance.InstanceKeeper;
import dev.faas.gateway.http.GatewayConfig;
import dev.faas.gateway.http.GatewayServer;
import dev.faas.gateway.http.Route;
import dev.faas.gateway.limit.RequestGate;
import dev.faas.gateway.metrics.GatewayMetrics;
import dev.faas.gateway.metrics.StateGauges;
import dev.faas.gateway.route.AnsweredExecution;
import dev.faas.gateway.route.BatchRoutes;
import dev.faas.gateway.route.CacheRoutes;
import dev.faas.gateway.route.ExecuteRoutes;
import dev.faas.gateway.route.ExecutionRoutes;
import dev.faas.gateway.route.FileRoutes;
import dev.faas.gateway.route.HealthRoutes;
import dev.faas.gateway.route.Idempotency;
import dev.faas.gateway.route.ImageImporter;
import dev.faas.gateway.route.ImageRoutes;
import dev.faas.gateway.route.InstanceRoutes;
import dev.faas.gateway.route.MetricsRoutes;
import dev.faas.gateway.route.OpenApiRoutes;
import dev.faas.gateway.route.PersistentMode;
import dev.faas.gateway.route.PoolRoutes;
import dev.faas.gateway.route.RuntimeRoutes;
import java.net.URI;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;

/// The HTTP side of the platform, put together. It owns the listening server and nothing else of what it is given.
public final class Gateway implements AutoCloseable {

    private final ExecutionEngine engine;
    private final InstanceKeeper instances;
    private final List<Route> routes;
    private final StateGauges gauges;
    private final GatewayServer server;

    private Gateway(Parts parts, List<Route> routes, StateGauges gauges, GatewayServer server) {
        this.engine = parts.engine();
        this.instances = parts.instances();
        this.routes = routes;
        this.gauges = gauges;
        this.server = server;
    }

    /// Listens when it returns.
    ///
    /// @param metrics the engine's observer must be [GatewayMetrics#executions()]
    public static Gateway start(GatewayConfig config, Parts parts, GatewayMetrics metrics) {
        var routes = routes(config, parts, metrics);
        var gauges = new StateGauges(
                metrics.registry(), parts.engine(), parts.instances(), parts.cache(), parts.dataDir());
        try {
            return new Gateway(parts, routes, gauges, GatewayServer.start(config, routes, metrics.http()));
        } catch (RuntimeException e) {
            gauges.close();
            throw e;
        }
    }

    private static List<Route> routes(GatewayConfig config, Parts parts, GatewayMetrics metrics) {
        var engine = parts.engine();
        var ids = Ids.secure();
        var persistent = new PersistentMode(parts.instances());
        var gate = new RequestGate(config.http().maxRequests());
        var idempotency = new Idempotency(parts.repository(), Clock.systemUTC(), config.idempotencyPeriod());
        var answers = new AnsweredExecution(engine, persistent, idempotency, config.streamHeartbeat());
        return Stream.of(
                        new ExecuteRoutes(config, answers, gate, ids).routes(),
                        new BatchRoutes(config, engine, persistent, idempotency, gate, ids).routes(),
                        new ExecutionRoutes(engine).routes(),
                        new InstanceRoutes(config, parts.instances(), answers, idempotency, gate, ids).routes(),
                        new FileRoutes(config, parts.instances(), gate).routes(),
                        new CacheRoutes(parts.cache()).routes(),
                        new RuntimeRoutes(engine).routes(),
                        new PoolRoutes(config, engine, gate).routes(),
                        new ImageRoutes(config, parts.images(), parts.importer()).routes(),
                        new MetricsRoutes(engine, parts.cache(), metrics.executions().tally(), metrics.registry()).routes(),
                        new HealthRoutes(engine, parts.repository(), config.version()).routes(),
                        new OpenApiRoutes().routes())
                .flatMap(List::stream)
                .toList();
    }

    /// Every route it serves.
    public List<Route> routes() {
        return routes;
    }

    public int port() {
        return server.port();
    }

    public URI uri() {
        return server.uri();
    }

    /// Takes no new executions and instances (they are answered 503, `/ready` too) and waits for the executions at work.
    ///
    /// @return whether all of them ended by themselves
    public boolean drain(Duration deadline) {
        instances.shut();
        return engine.drain(deadline);
    }

    /// Closes the server. Drain before.
    @Override
    public void close() {
        server.close();
        gauges.close();
    }

    /// What the gateway works with; all of it stays its owner's to close.
    ///
    /// @param dataDir whose file system the metrics watch
    public record Parts(
            ExecutionEngine engine,
            ResultCache cache,
            InstanceKeeper instances,
            ExecutionRepository repository,
            ImageStore images,
            ImageImporter importer,
            Path dataDir) {}
}
