package dev.faas.gateway.route;

import dev.faas.api.RuntimeList;
import dev.faas.api.RuntimeList.Check;
import dev.faas.api.RuntimeList.RuntimeDescription;
import dev.faas.core.execution.ExecutionEngine;
import dev.faas.core.execution.RuntimeStatus;
import dev.faas.gateway.auth.Scope;
import dev.faas.gateway.http.Exchange;
import dev.faas.gateway.http.Route;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/// `GET /api/v1/runtimes`.
public final class RuntimeRoutes {

    private final ExecutionEngine engine;

    public RuntimeRoutes(ExecutionEngine engine) {
        this.engine = engine;
    }

    public List<Route> routes() {
        return List.of(Route.get("/api/v1/runtimes", Scope.READ, this::list));
    }

    private void list(Exchange exchange) {
        exchange.allowQuery(Set.of());
        exchange.answer(
                200,
                new RuntimeList(
                        engine.runtimes().stream().map(RuntimeRoutes::describe).toList()));
    }

    private static RuntimeDescription describe(RuntimeStatus runtime) {
        var status = runtime.status();
        return new RuntimeDescription(
                runtime.isolation().wire(),
                runtime.isolation().strength(),
                status.available(),
                status.reason(),
                status.capabilities().stream().map(RuntimeRoutes::wire).sorted().toList(),
                status.checks().stream()
                        .map(check -> new Check(check.feature(), wire(check.level()), check.detail(), check.fix()))
                        .toList());
    }

    private static String wire(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT);
    }
}
