package dev.faas.gateway.route;

import dev.faas.api.BatchResponse;
import dev.faas.core.common.DataSize;
import dev.faas.core.common.Ids;
import dev.faas.core.common.PlatformException;
import dev.faas.core.execution.ExecutionEngine;
import dev.faas.core.execution.ExecutionListener;
import dev.faas.core.execution.ExecutionRequest;
import dev.faas.gateway.auth.Scope;
import dev.faas.gateway.http.Exchange;
import dev.faas.gateway.http.GatewayConfig;
import dev.faas.gateway.http.Problems;
import dev.faas.gateway.http.Route;
import dev.faas.gateway.limit.RequestGate;
import dev.faas.gateway.limit.RequestPolicy;
import dev.faas.gateway.wire.BatchRequestReader;
import dev.faas.gateway.wire.ExecuteRequestReader;
import dev.faas.gateway.wire.ExecutionWriter;
import dev.faas.gateway.wire.Json;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;

/// `POST /api/v1/execute/batch`: many commands, each with a result or an error of its own.
public final class BatchRoutes {

    /// Both streams of all items together stay below this.
    private static final DataSize MAX_OUTPUT = DataSize.ofMebibytes(128);

    private final GatewayConfig config;
    private final ExecutionEngine engine;
    private final PersistentMode persistent;
    private final Idempotency idempotency;
    private final RequestGate gate;
    private final Ids ids;

    public BatchRoutes(
            GatewayConfig config,
            ExecutionEngine engine,
            PersistentMode persistent,
            Idempotency idempotency,
            RequestGate gate,
            Ids ids) {
        this.config = config;
        this.engine = engine;
        this.persistent = persistent;
        this.idempotency = idempotency;
        this.gate = gate;
        this.ids = ids;
    }

    public List<Route> routes() {
        return List.of(Route.post("/api/v1/execute/batch", Scope.EXECUTE, this::execute));
    }

    private void execute(Exchange exchange) throws InterruptedException {
        exchange.allowQuery(Set.of());
        try (var _ = gate.enter()) {
            var body = exchange.body().json(config.http().maxBody());
            var batch = BatchRequestReader.read(exchange.json(body), config.batch());
            var reader = new ExecuteRequestReader(policy(batch.items().size()));
            var items = new ArrayList<Callable<BatchResponse.Item>>();
            var firstId = ids.next(ExecuteRoutes.EXECUTION_ID_PREFIX);
            for (int i = 0; i < batch.items().size(); i++) {
                int index = i;
                var caller = ExecuteRoutes.caller(
                        exchange, i == 0 ? firstId : ids.next(ExecuteRoutes.EXECUTION_ID_PREFIX));
                items.add(() ->
                        item(exchange, index, () -> reader.read(batch.items().get(index), caller)));
            }
            answer(
                    exchange,
                    body,
                    firstId,
                    () -> new Idempotency.Answer(
                            200, "application/json", Json.write(summary(runAll(items, batch.maxParallel())))));
        }
    }

    private void answer(Exchange exchange, byte[] body, String firstId, Idempotency.Work work)
            throws InterruptedException {
        var key = Idempotency.key(exchange);
        if (key.isPresent()) {
            idempotency.answer(exchange, key.get(), "batch", body, firstId, work);
        } else {
            var answer = work.run();
            exchange.answer(answer.status(), answer.contentType(), answer.body());
        }
    }

    /// The results of a batch are held together until the last is there, so each may hold less.
    private RequestPolicy policy(int items) {
        var each = DataSize.ofBytes(Math.max(64 * DataSize.KIB, MAX_OUTPUT.bytes() / 2 / items));
        return config.requests().withOutputLimits(each);
    }

    private BatchResponse.Item item(Exchange exchange, int index, Callable<ExecutionRequest> read) throws Exception {
        try {
            var execution = AnsweredExecution.ended(
                    persistent.run(read.call(), housed -> engine.run(housed, ExecutionListener.SILENT)));
            return new BatchResponse.Item(index, 200, ExecutionWriter.response(execution, true), null);
        } catch (PlatformException e) {
            var problem = Problems.of(e, exchange.requestId());
            return new BatchResponse.Item(index, problem.status(), null, problem);
        }
    }

    private static List<BatchResponse.Item> runAll(List<Callable<BatchResponse.Item>> items, int maxParallel)
            throws InterruptedException {
        var places = new Semaphore(maxParallel);
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var running = new ArrayList<Future<BatchResponse.Item>>();
            try {
                for (var item : items) {
                    places.acquire();
                    running.add(threads.submit(() -> {
                        try {
                            return item.call();
                        } finally {
                            places.release();
                        }
                    }));
                }
                return results(running);
            } catch (InterruptedException e) {
                threads.shutdownNow();
                throw e;
            }
        }
    }

    private static List<BatchResponse.Item> results(List<Future<BatchResponse.Item>> running)
            throws InterruptedException {
        var results = new ArrayList<BatchResponse.Item>();
        for (var item : running) {
            try {
                results.add(item.get());
            } catch (ExecutionException e) {
                throw new IllegalStateException("an item of a batch failed unexpectedly", e.getCause());
            }
        }
        return results;
    }

    private static BatchResponse summary(List<BatchResponse.Item> results) {
        int succeeded =
                (int) results.stream().filter(item -> item.result() != null).count();
        return new BatchResponse(succeeded, results.size() - succeeded, results);
    }
}
