package dev.faas.gateway.http;

import dev.faas.gateway.auth.Authenticator;
import dev.faas.gateway.metrics.HttpMetrics;
import io.helidon.http.DirectHandler.EventType;
import io.helidon.webserver.WebServer;
import io.helidon.webserver.http.DirectHandlers;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The listening server: one virtual thread a connection.
public final class GatewayServer implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(GatewayServer.class);

    /// For answers that are being written when the server closes; executions have been drained before.
    private static final Duration CLOSE_GRACE = Duration.ofSeconds(2);

    private static final int BACKLOG = 4096;

    private final GatewayConfig config;
    private final WebServer server;

    private GatewayServer(GatewayConfig config, WebServer server) {
        this.config = config;
        this.server = server;
    }

    /// Listens when it returns.
    public static GatewayServer start(GatewayConfig config, List<Route> routes, HttpMetrics metrics) {
        var http = config.http();
        var dispatcher = new Dispatcher(new Authenticator(config.keys()), metrics);
        var server = WebServer.builder()
                .address(config.address())
                .port(config.port())
                .backlog(BACKLOG)
                .shutdownHook(false)
                .featuresDiscoverServices(false)
                .protocolsDiscoverServices(false)
                .addConnectionSelector(new TimedConnections(http))
                .maxTcpConnections(http.maxConnections())
                .connectionOptions(new ReadTimeout(http.idleTimeout()))
                .idleConnectionTimeout(http.idleTimeout())
                .shutdownGracePeriod(CLOSE_GRACE)
                .directHandlers(transportErrors())
                .routing(dispatcher.routing(routes))
                .build()
                .start();
        if (!server.isRunning()) {
            throw new IllegalStateException("can't listen on " + config.host() + ":" + config.port());
        }
        LOG.atInfo()
                .addKeyValue("host", config.host())
                .addKeyValue("port", server.port())
                .addKeyValue("keys", config.keys().size())
                .log("listening");
        return new GatewayServer(config, server);
    }

    private static DirectHandlers transportErrors() {
        var errors = new TransportErrors();
        var handlers = DirectHandlers.builder();
        for (var type : EventType.values()) {
            handlers.addHandler(type, errors);
        }
        return handlers.build();
    }

    /// The port it listens on, also where the configuration left the choice open.
    public int port() {
        return server.port();
    }

    public URI uri() {
        var address = config.address();
        var host = address.isAnyLocalAddress() ? "127.0.0.1" : address.getHostAddress();
        return URI.create("http://" + (host.contains(":") ? "[" + host + "]" : host) + ":" + port());
    }

    /// Takes no more connections, lets answers under way go out, then closes what is left. Drain the engine before.
    @Override
    public void close() {
        server.stop();
        LOG.atInfo().addKeyValue("port", config.port()).log("closed");
    }
}
