package dev.faas.gateway.metrics;

import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;

/// The metrics of one server. Made before the engine, which takes [#executions()] as its observer. Thread-safe.
public final class GatewayMetrics implements AutoCloseable {

    private final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final ExecutionMetrics executions = new ExecutionMetrics(registry);
    private final HttpMetrics http = new HttpMetrics(registry);

    public PrometheusMeterRegistry registry() {
        return registry;
    }

    public ExecutionMetrics executions() {
        return executions;
    }

    public HttpMetrics http() {
        return http;
    }

    @Override
    public void close() {
        registry.close();
    }
}
