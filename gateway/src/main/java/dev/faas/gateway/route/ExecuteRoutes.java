package dev.faas.gateway.route;

import dev.faas.core.common.ErrorCode;
import dev.faas.core.common.Ids;
import dev.faas.core.common.PlatformException;
import dev.faas.core.execution.ExecutionEngine;
import dev.faas.core.execution.ExecutionListener;
import dev.faas.core.execution.ExecutionRecord;
import dev.faas.core.execution.ExecutionRequest;
import dev.faas.gateway.auth.Scope;
import dev.faas.gateway.http.Exchange;
import dev.faas.gateway.http.GatewayConfig;
import dev.faas.gateway.http.Route;
import dev.faas.gateway.limit.RequestGate;
import dev.faas.gateway.wire.ExecuteRequestReader;
import dev.faas.gateway.wire.ExecutionWriter;
import dev.faas.gateway.wire.Json;
import io.helidon.http.HeaderNames;
import java.util.List;
import java.util.Set;

/// `POST /api/v1/execute`: at once, in the background, or as a stream.
public final class ExecuteRoutes {

    static final String EXECUTION_ID_PREFIX = "exe";
    private static final String JSON = "application/json";

    private final GatewayConfig config;
    private final ExecutionEngine engine;
    private final Idempotency idempotency;
    private final RequestGate gate;
    private final Ids ids;
    private final ExecuteRequestReader reader;

    public ExecuteRoutes(
            GatewayConfig config, ExecutionEngine engine, Idempotency idempotency, RequestGate gate, Ids ids) {
        this.config = config;
        this.engine = engine;
        this.idempotency = idempotency;
        this.gate = gate;
        this.ids = ids;
        this.reader = new ExecuteRequestReader(config.requests());
    }

    public List<Route> routes() {
        return List.of(Route.post("/api/v1/execute", Scope.EXECUTE, this::execute));
    }

    private void execute(Exchange exchange) throws InterruptedException {
        exchange.allowQuery(Set.of());
        try (var _ = gate.enter()) {
            var body = exchange.body().json(config.http().maxBody());
            var request = reader.read(
                    exchange.json(body),
                    new ExecuteRequestReader.Caller(
                            ids.next(EXECUTION_ID_PREFIX), exchange.tenant(), exchange.traceParent()));
            var format = StreamFormat.wanted(exchange);
            if (format.isPresent()) {
                Idempotency.refuseFor(exchange, "a streamed answer");
                new StreamedExecution(engine, request, format.get(), config.streamHeartbeat()).answer(exchange);
                return;
            }
            var preferences = Preferences.of(exchange);
            if (preferences.isBounded()) {
                answerWithin(exchange, preferences, request, body);
            } else {
                answerAtItsEnd(exchange, request, body);
            }
        }
    }

    private void answerAtItsEnd(Exchange exchange, ExecutionRequest request, byte[] body) throws InterruptedException {
        var key = Idempotency.key(exchange);
        if (key.isEmpty()) {
            var execution = engine.run(request, ExecutionListener.SILENT);
            exchange.answer(200, ExecutionWriter.response(ended(execution), true));
            return;
        }
        idempotency.answer(exchange, key.get(), "execute", body, request.id(), () -> {
            var execution = engine.runDurably(request, ExecutionListener.SILENT);
            return new Idempotency.Answer(200, JSON, Json.write(ExecutionWriter.response(ended(execution), true)));
        });
    }

    /// Its record is durable before the wait begins: whether the client hears of the end or not, it can look.
    private void answerWithin(Exchange exchange, Preferences preferences, ExecutionRequest request, byte[] body)
            throws InterruptedException {
        preferences.markApplied(exchange);
        var key = Idempotency.key(exchange);
        if (key.isEmpty()) {
            var execution = engine.submit(request, preferences.patience());
            if (!execution.state().isFinal()) {
                exchange.set(HeaderNames.LOCATION, ExecutionRoutes.location(execution.id()));
            }
            exchange.answer(status(execution), answer(execution));
            return;
        }
        var operation = preferences.limit().isPresent() ? "execute wait" : "execute async";
        idempotency.answer(exchange, key.get(), operation, body, request.id(), () -> {
            var execution = engine.submit(request, preferences.patience());
            return new Idempotency.Answer(status(execution), JSON, Json.write(answer(execution)));
        });
    }

    private static int status(ExecutionRecord execution) {
        return execution.state().isFinal() ? 200 : 202;
    }

    private static Object answer(ExecutionRecord execution) {
        return execution.state().isFinal()
                ? ExecutionWriter.response(ended(execution), true)
                : ExecutionWriter.execution(execution, true);
    }

    /// An execution that was cancelled before it had a sandbox has a record without a result; to its waiting caller
    /// that is a conflict.
    static ExecutionRecord ended(ExecutionRecord execution) {
        if (execution.result().isEmpty()) {
            throw new PlatformException(
                    ErrorCode.CONFLICT,
                    "execution " + execution.id() + " ended as "
                            + execution.state().wire() + " before it ran: " + execution.errorDetail());
        }
        return execution;
    }
}
