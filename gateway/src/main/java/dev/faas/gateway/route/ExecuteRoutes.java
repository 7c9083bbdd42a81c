package dev.faas.gateway.route;

import dev.faas.core.common.Ids;
import dev.faas.gateway.auth.Scope;
import dev.faas.gateway.http.Exchange;
import dev.faas.gateway.http.GatewayConfig;
import dev.faas.gateway.http.Route;
import dev.faas.gateway.limit.RequestGate;
import dev.faas.gateway.wire.ExecuteRequestReader;
import io.helidon.http.HeaderNames;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/// `POST /api/v1/execute`, also under its older name: at once, in the background, or as a stream.
public final class ExecuteRoutes {

    static final String EXECUTION_ID_PREFIX = "exe";
    private static final String NO_CACHE = "no-cache";

    private final GatewayConfig config;
    private final AnsweredExecution answers;
    private final RequestGate gate;
    private final Ids ids;
    private final ExecuteRequestReader reader;

    public ExecuteRoutes(
            GatewayConfig config, AnsweredExecution answers, RequestGate gate, Ids ids) {
        this.config = config;
        this.answers = answers;
        this.gate = gate;
        this.ids = ids;
        this.reader = new ExecuteRequestReader(config.requests());
    }

    public List<Route> routes() {
        return List.of(
                Route.post("/api/v1/execute", Scope.EXECUTE, this::execute),
                Route.post("/api/v1/execute/advanced", Scope.EXECUTE, this::execute));
    }

    private void execute(Exchange exchange) throws InterruptedException {
        exchange.allowQuery(Set.of());
        try (var _ = gate.enter()) {
            var body = exchange.body().json(config.http().maxBody());
            var request = reader.read(
                    exchange.json(body),
                    caller(exchange, ids.next(EXECUTION_ID_PREFIX)));
            answers.answer(exchange, "execute", body, request);
        }
    }

    static ExecuteRequestReader.Caller caller(Exchange exchange, String id) {
        boolean isRefresh = exchange.header(HeaderNames.CACHE_CONTROL).stream()
                .flatMap(value -> Stream.of(value.split(",")))
                .anyMatch(directive -> directive.strip().equalsIgnoreCase(NO_CACHE));
        return new ExecuteRequestReader.Caller(id, exchange.tenant(), exchange.traceParent(), isRefresh);
    }
}
