package dev.faas.gateway.route;

import dev.faas.core.common.ErrorCode;
import dev.faas.core.common.PlatformException;
import dev.faas.core.execution.ExecutionEngine;
import dev.faas.core.execution.ExecutionListener;
import dev.faas.core.execution.ExecutionRecord;
import dev.faas.core.execution.ExecutionRequest;
import dev.faas.gateway.http.Exchange;
import dev.faas.gateway.wire.ExecutionWriter;
import dev.faas.gateway.wire.Json;
import io.helidon.http.HeaderNames;
import java.time.Duration;

/// Runs a command as its caller wishes to be answered: at once, in the background, or as a stream. Thread-safe.
public final class AnsweredExecution {

    private static final String JSON = "application/json";

    private final ExecutionEngine engine;
    private final PersistentMode persistent;
    private final Idempotency idempotency;
    private final Duration heartbeat;

    public AnsweredExecution(
            ExecutionEngine engine, PersistentMode persistent, Idempotency idempotency, Duration heartbeat) {
        this.engine = engine;
        this.persistent = persistent;
        this.idempotency = idempotency;
        this.heartbeat = heartbeat;
    }

    /// @param operation what the body was sent to, which makes it another request for an idempotency key
    void answer(Exchange exchange, String operation, byte[] body, ExecutionRequest request) throws InterruptedException {
        var format = StreamFormat.wanted(exchange);
        if (format.isPresent()) {
            Idempotency.refuseFor(exchange, "a streamed answer");
            new StreamedExecution(engine, persistent.housed(request), format.get(), heartbeat).answer(exchange);
            return;
        }
        var preferences = Preferences.of(exchange);
        if (preferences.isBounded()) {
            answerWithin(exchange, preferences, operation, body, request);
        } else {
            answerAtItsEnd(exchange, operation, body, request);
        }
    }

    private void answerAtItsEnd(Exchange exchange, String operation, byte[] body, ExecutionRequest request)
            throws InterruptedException {
        var key = Idempotency.key(exchange);
        if (key.isEmpty()) {
            var execution = persistent.run(request, housed -> engine.run(housed, ExecutionListener.SILENT));
            exchange.answer(200, ExecutionWriter.response(ended(execution), true));
            return;
        }
        idempotency.answer(exchange, key.get(), operation, body, request.id(), () -> {
            var execution = persistent.run(request, housed -> engine.runDurably(housed, ExecutionListener.SILENT));
            return new Idempotency.Answer(200, JSON, Json.write(ExecutionWriter.response(ended(execution), true)));
        });
    }

    /// Its record is durable before the wait begins: whether the client hears of the end or not, it can look.
    private void answerWithin(
            Exchange exchange, Preferences preferences, String operation, byte[] body, ExecutionRequest request)
            throws InterruptedException {
        preferences.markApplied(exchange);
        var key = Idempotency.key(exchange);
        if (key.isEmpty()) {
            var execution = persistent.run(request, housed -> begin(housed, preferences));
            if (isLater(preferences, execution)) {
                exchange.set(HeaderNames.LOCATION, ExecutionRoutes.location(execution.id()));
            }
            exchange.answer(status(preferences, execution), answer(preferences, execution));
            return;
        }
        var kind = preferences.limit().isPresent() ? " wait" : " async";
        idempotency.answer(exchange, key.get(), operation + kind, body, request.id(), () -> {
            var execution = persistent.run(request, housed -> begin(housed, preferences));
            var answer = Json.write(answer(preferences, execution));
            return new Idempotency.Answer(status(preferences, execution), JSON, answer);
        });
    }

    private ExecutionRecord begin(ExecutionRequest request, Preferences preferences) throws InterruptedException {
        var limit = preferences.limit();
        return limit.isPresent() ? engine.submit(request, limit.get()) : engine.submit(request);
    }

    /// Who does not want to wait at all gets the same kind of answer always, however quick the execution was, and
    /// whatever came of it.
    private static boolean isLater(Preferences preferences, ExecutionRecord execution) {
        return preferences.limit().isEmpty() || !execution.state().isFinal();
    }

    private static int status(Preferences preferences, ExecutionRecord execution) {
        return isLater(preferences, execution) ? 202 : 200;
    }

    private static Object answer(Preferences preferences, ExecutionRecord execution) {
        return isLater(preferences, execution)
                ? ExecutionWriter.execution(execution, true)
                : ExecutionWriter.response(ended(execution), true);
    }

    /// An execution that was cancelled before it had a sandbox has a record without a result; to its waiting caller
    /// that is a conflict.
    static ExecutionRecord ended(ExecutionRecord execution) {
        if (execution.result().isEmpty()) {
            throw new PlatformException(
                    ErrorCode.CONFLICT,
                    "execution " + execution.id() + " ended as "
                            + execution.state().wire() + " without a result: " + execution.errorDetail());
        }
        return execution;
    }
}
