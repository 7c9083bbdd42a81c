package dev.faas.gateway.metrics;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/// Counts requests by route, never by path: paths hold ids. Thread-safe.
public final class HttpMetrics {

    private final MeterRegistry registry;
    private final Map<Series, Timer> timers = new ConcurrentHashMap<>();
    private final Counter authFailures;
    private final Counter securityViolations;
    private final Counter rateLimits;

    public HttpMetrics(MeterRegistry registry) {
        this.registry = registry;
        this.authFailures = registry.counter("faas.auth.failures");
        this.securityViolations = registry.counter("faas.security.violations");
        this.rateLimits = registry.counter("faas.rate.limit.exceeded");
    }

    public void answered(String method, String route, int status, long nanos) {
        timers.computeIfAbsent(new Series(method, route, status), this::timer).record(nanos, TimeUnit.NANOSECONDS);
    }

    public void authFailed() {
        authFailures.increment();
    }

    /// A web page of another origin, or one behind a rebound name, tried to use the gateway.
    public void securityViolated() {
        securityViolations.increment();
    }

    public void rateLimited() {
        rateLimits.increment();
    }

    private Timer timer(Series series) {
        return Timer.builder("http.server.request.duration")
                .description("From the headers' end to the answer's end")
                .tag("http_request_method", series.method())
                .tag("http_route", series.route())
                .tag("http_response_status_code", Integer.toString(series.status()))
                .publishPercentileHistogram()
                .register(registry);
    }

    private record Series(String method, String route, int status) {}
}
