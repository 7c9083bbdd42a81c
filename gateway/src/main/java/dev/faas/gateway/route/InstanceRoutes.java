package dev.faas.gateway.route;

import dev.faas.core.common.Ids;
import dev.faas.core.instance.Instance;
import dev.faas.core.instance.InstanceKeeper;
import dev.faas.core.instance.InstanceRepository.Query;
import dev.faas.core.instance.InstanceState;
import dev.faas.gateway.auth.Scope;
import dev.faas.gateway.http.Exchange;
import dev.faas.gateway.http.GatewayConfig;
import dev.faas.gateway.http.Route;
import dev.faas.gateway.limit.RequestGate;
import dev.faas.gateway.wire.ExecRequestReader;
import dev.faas.gateway.wire.InstanceFields;
import dev.faas.gateway.wire.InstanceRequestReader;
import dev.faas.gateway.wire.InstanceWriter;
import dev.faas.gateway.wire.Json;
import io.helidon.http.HeaderNames;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// `/api/v1/instances`: sandboxes somebody keeps, and commands in them.
public final class InstanceRoutes {

    private static final String PATH = "/api/v1/instances";
    private static final String ONE = PATH + "/{id}";
    private static final Set<String> FILTERS = Set.of("limit", "cursor", "state", "name", "label");

    private final GatewayConfig config;
    private final InstanceKeeper instances;
    private final AnsweredExecution answers;
    private final Idempotency idempotency;
    private final RequestGate gate;
    private final Ids ids;
    private final InstanceRequestReader reader;
    private final ExecRequestReader execReader;

    public InstanceRoutes(
            GatewayConfig config,
            InstanceKeeper instances,
            AnsweredExecution answers,
            Idempotency idempotency,
            RequestGate gate,
            Ids ids) {
        this.config = config;
        this.instances = instances;
        this.answers = answers;
        this.idempotency = idempotency;
        this.gate = gate;
        this.ids = ids;
        reader = new InstanceRequestReader(config.requests());
        execReader = new ExecRequestReader(config.requests());
    }

    public List<Route> routes() {
        return List.of(
                Route.post(PATH, Scope.EXECUTE, this::create),
                Route.get(PATH, Scope.READ, this::list),
                Route.put(ONE, Scope.EXECUTE, this::getOrCreate),
                Route.get(ONE, Scope.READ, this::get),
                Route.patch(ONE, Scope.EXECUTE, this::limit),
                Route.delete(ONE, Scope.EXECUTE, this::delete),
                Route.post(ONE + "/exec", Scope.EXECUTE, this::exec),
                Route.post(ONE + "/pause", Scope.EXECUTE, this::pause),
                Route.post(ONE + "/resume", Scope.EXECUTE, this::resume),
                Route.post(ONE + "/extend", Scope.EXECUTE, this::extend));
    }

    static String location(String id) {
        return PATH + "/" + id;
    }

    static String id(Exchange exchange) {
        return InstanceFields.idOrName(exchange.pathVariable("id"));
    }

    private void create(Exchange exchange) throws InterruptedException {
        exchange.allowQuery(Set.of());
        try (var _ = gate.enter()) {
            var body = exchange.body().json(config.http().maxBody());
            var spec = reader.read(exchange.json(body), Optional.empty());
            var key = Idempotency.key(exchange);
            if (key.isEmpty()) {
                answerNew(exchange, instances.create(exchange.tenant(), spec));
                return;
            }
            // The claim needs a name to be found by before there is an instance; the request's serves.
            idempotency.answer(exchange, key.get(), "create instance", body, exchange.requestId(), () -> {
                var made = instances.create(exchange.tenant(), spec);
                return new Idempotency.Answer(201, "application/json", Json.write(InstanceWriter.instance(made)));
            });
        }
    }

    private void getOrCreate(Exchange exchange) throws InterruptedException {
        exchange.allowQuery(Set.of());
        try (var _ = gate.enter()) {
            var body = exchange.body().json(config.http().maxBody());
            var spec = reader.read(exchange.json(body), Optional.of(exchange.pathVariable("id")));
            var named = instances.getOrCreate(exchange.tenant(), spec);
            if (named.isNew()) {
                answerNew(exchange, named.instance());
            } else {
                answer(exchange, named.instance());
            }
        }
    }

    private void list(Exchange exchange) {
        exchange.allowQuery(FILTERS);
        exchange.answer(
                200,
                InstanceWriter.page(instances.list(new Query(
                        exchange.tenant(),
                        exchange.query("state").map(InstanceState::fromWire),
                        exchange.query("name"),
                        ListQuery.labels(exchange),
                        ListQuery.limit(exchange),
                        ListQuery.cursor(exchange)))));
    }

    private void get(Exchange exchange) {
        exchange.allowQuery(Set.of());
        answer(exchange, instances.get(exchange.tenant(), id(exchange)));
    }

    private void limit(Exchange exchange) {
        exchange.allowQuery(Set.of());
        var change = reader.readLimits(exchange.json(exchange.body().json(config.http().maxBody())));
        answer(exchange, instances.limit(exchange.tenant(), id(exchange), change));
    }

    private void delete(Exchange exchange) {
        exchange.allowQuery(Set.of());
        answer(exchange, instances.delete(exchange.tenant(), id(exchange), exchange.caller().name()));
    }

    private void exec(Exchange exchange) throws InterruptedException {
        exchange.allowQuery(Set.of());
        try (var _ = gate.enter()) {
            var id = id(exchange);
            var body = exchange.body().json(config.http().maxBody());
            var caller = ExecuteRoutes.caller(exchange, ids.next(ExecuteRoutes.EXECUTION_ID_PREFIX));
            answers.answer(exchange, "exec " + id, body, execReader.read(exchange.json(body), caller, id));
        }
    }

    private void pause(Exchange exchange) {
        exchange.allowQuery(Set.of());
        answer(exchange, instances.pause(exchange.tenant(), id(exchange), exchange.caller().name()));
    }

    private void resume(Exchange exchange) {
        exchange.allowQuery(Set.of());
        answer(exchange, instances.resume(exchange.tenant(), id(exchange)));
    }

    private void extend(Exchange exchange) {
        exchange.allowQuery(Set.of());
        var ttl = reader.readExtension(exchange.json(exchange.body().json(config.http().maxBody())));
        answer(exchange, instances.extend(exchange.tenant(), id(exchange), ttl));
    }

    private static void answerNew(Exchange exchange, Instance made) {
        exchange.set(HeaderNames.LOCATION, location(made.id()));
        exchange.answer(201, InstanceWriter.instance(made));
    }

    private static void answer(Exchange exchange, Instance instance) {
        exchange.answer(200, InstanceWriter.instance(instance));
    }
}
