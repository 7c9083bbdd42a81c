package dev.faas.gateway.http;

import dev.faas.core.common.ErrorCode;
import dev.faas.core.common.PlatformException;
import dev.faas.gateway.auth.ApiKey;
import dev.faas.gateway.auth.Authenticator;
import dev.faas.gateway.auth.BrowserGuard;
import dev.faas.gateway.auth.Caller;
import dev.faas.gateway.metrics.HttpMetrics;
import io.helidon.http.HeaderName;
import io.helidon.http.HeaderNames;
import io.helidon.http.HttpException;
import io.helidon.http.Method;
import io.helidon.http.RequestException;
import io.helidon.webserver.CloseConnectionException;
import io.helidon.webserver.http.HttpRouting;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.io.UncheckedIOException;
import java.net.SocketException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.MDC;

/// Brings a request to its route: id, browser guard, key, scope; and whatever comes back as an exception to the caller.
/// Thread-safe.
final class Dispatcher {

    private static final Logger LOG = LoggerFactory.getLogger(Dispatcher.class);
    private static final HeaderName API_KEY = HeaderNames.create("X-API-Key");
    private static final HeaderName FETCH_SITE = HeaderNames.create("Sec-Fetch-Site");
    private static final String LOG_KEY = "request_id";
    private static final Caller NOBODY = new Caller("nobody", ApiKey.DEFAULT_TENANT, Set.of());

    private final Authenticator authenticator;
    private final HttpMetrics metrics;

    Dispatcher(Authenticator authenticator, HttpMetrics metrics) {
        this.authenticator = authenticator;
        this.metrics = metrics;
    }

    /// Every route, then 405 for other methods on their paths, then 404.
    HttpRouting.Builder routing(List<Route> routes) {
        var routing = HttpRouting.builder();
        Map<String, Set<String>> methods = new LinkedHashMap<>();
        for (var route : routes) {
            methods.computeIfAbsent(route.path(), _ -> new TreeSet<>()).add(route.method());
            routing.route(
                    Method.create(route.method()),
                    route.path(),
                    (request, response) -> serve(route, request, response));
        }
        methods.forEach((path, allowed) -> {
            var refusal = new Route("*", path, Optional.empty(), exchange -> {
                exchange.set(HeaderNames.ALLOW, String.join(", ", allowed));
                throw new PlatformException(
                        ErrorCode.METHOD_NOT_ALLOWED, "this path knows " + String.join(", ", allowed));
            });
            routing.any(path, (request, response) -> serve(refusal, request, response));
        });
        var unknown = new Route("*", "(unknown)", Optional.empty(), _ -> {
            throw new PlatformException(ErrorCode.NOT_FOUND, "there is no such path; GET /openapi.json lists them");
        });
        return routing.any((request, response) -> serve(unknown, request, response));
    }

    private void serve(Route route, ServerRequest request, ServerResponse response) {
        long begin = System.nanoTime();
        var requestId = RequestIds.of(request.headers().first(Exchange.REQUEST_ID));
        MDC.put(LOG_KEY, requestId);
        try {
            answer(route, request, response, requestId);
        } finally {
            MDC.remove(LOG_KEY);
            metrics.answered(route.method(), route.path(), response.status().code(), System.nanoTime() - begin);
        }
    }

    /// The only place that catches broadly.
    private void answer(Route route, ServerRequest request, ServerResponse response, String requestId) {
        var exchange = new Exchange(request, response, NOBODY, requestId);
        try {
            exchange = admit(route, request, exchange);
            route.handler().handle(exchange);
        } catch (PlatformException e) {
            fail(exchange, e);
        } catch (InterruptedException e) {
            // The interrupt came from the server, which is closing this connection.
            fail(exchange, new PlatformException(ErrorCode.SHUTTING_DOWN, "the server is shutting down", e));
            Thread.currentThread().interrupt();
        } catch (CloseConnectionException e) {
            throw e;
        } catch (RequestException | HttpException e) {
            fail(
                    exchange,
                    new PlatformException(ErrorCode.INVALID_REQUEST, "the request is malformed: " + e.getMessage(), e));
        } catch (RuntimeException e) {
            if (isClientGone(e)) {
                throw new CloseConnectionException("the client has gone", e);
            }
            fail(exchange, Problems.unexpected(e));
        }
    }

    private Exchange admit(Route route, ServerRequest request, Exchange exchange) {
        if (authenticator.isOpen()) {
            guardBrowsers(request);
        }
        if (route.scope().isEmpty()) {
            return exchange;
        }
        try {
            var caller =
                    authenticator.authenticate(exchange.header(HeaderNames.AUTHORIZATION), exchange.header(API_KEY));
            caller.require(route.scope().get());
            return exchange.of(caller);
        } catch (PlatformException e) {
            metrics.authFailed();
            throw e;
        }
    }

    private void guardBrowsers(ServerRequest request) {
        try {
            BrowserGuard.check(
                    request.headers().first(HeaderNames.HOST).orElse(""),
                    request.headers().first(HeaderNames.ORIGIN),
                    request.headers().first(FETCH_SITE));
        } catch (PlatformException e) {
            metrics.securityViolated();
            throw e;
        }
    }

    private void fail(Exchange exchange, PlatformException e) {
        if (e.code() == ErrorCode.RATE_LIMITED || e.code() == ErrorCode.CAPACITY_EXHAUSTED) {
            metrics.rateLimited();
        }
        log(e);
        if (exchange.isAnswered()) {
            throw new CloseConnectionException("the answer had begun when the request failed", e);
        }
        exchange.fail(e);
    }

    private static void log(PlatformException e) {
        switch (e.code().errorClass()) {
            case INTERNAL ->
                LOG.atError().addKeyValue("code", e.code().wire()).setCause(e).log("request failed");
            case DEPENDENCY ->
                LOG.atWarn().addKeyValue("code", e.code().wire()).log("request failed: {}", e.getMessage());
            case CALLER, CAPACITY -> LOG.debug("request refused: {}", e.getMessage());
        }
    }

    private static boolean isClientGone(RuntimeException e) {
        return e instanceof UncheckedIOException && e.getCause() instanceof SocketException;
    }
}
