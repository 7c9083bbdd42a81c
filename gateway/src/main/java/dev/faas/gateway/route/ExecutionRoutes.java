package dev.faas.gateway.route;

import dev.faas.api.ExecutionPage;
import dev.faas.core.common.ErrorCode;
import dev.faas.core.common.PlatformException;
import dev.faas.core.execution.ExecutionEngine;
import dev.faas.core.execution.ExecutionRepository.Query;
import dev.faas.core.execution.ExecutionState;
import dev.faas.gateway.auth.Scope;
import dev.faas.gateway.http.Exchange;
import dev.faas.gateway.http.Route;
import dev.faas.gateway.wire.ExecutionWriter;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/// `/api/v1/executions`: what is remembered, and the end of what runs.
public final class ExecutionRoutes {

    private static final String PATH = "/api/v1/executions";
    private static final Pattern ID = Pattern.compile("[a-z0-9_]{1,64}");
    private static final Set<String> FILTERS =
            Set.of("limit", "cursor", "state", "image", "label", "created_after", "created_before");

    private final ExecutionEngine engine;

    public ExecutionRoutes(ExecutionEngine engine) {
        this.engine = engine;
    }

    public List<Route> routes() {
        return List.of(
                Route.get(PATH, Scope.READ, this::list),
                Route.get(PATH + "/{id}", Scope.READ, this::get),
                Route.delete(PATH + "/{id}", Scope.EXECUTE, this::cancel));
    }

    static String location(String id) {
        return PATH + "/" + id;
    }

    private void get(Exchange exchange) {
        exchange.allowQuery(Set.of());
        exchange.answer(200, ExecutionWriter.execution(engine.get(exchange.tenant(), id(exchange)), true));
    }

    private void cancel(Exchange exchange) {
        exchange.allowQuery(Set.of());
        var by = exchange.caller().name();
        exchange.answer(200, ExecutionWriter.execution(engine.cancel(exchange.tenant(), id(exchange), by), true));
    }

    private void list(Exchange exchange) {
        exchange.allowQuery(FILTERS);
        var page = engine.list(new Query(
                exchange.tenant(),
                exchange.query("state").map(ExecutionRoutes::state),
                exchange.query("image"),
                ListQuery.labels(exchange),
                exchange.query("created_after").map(time -> time("created_after", time)),
                exchange.query("created_before").map(time -> time("created_before", time)),
                ListQuery.limit(exchange),
                ListQuery.cursor(exchange)));
        exchange.answer(
                200,
                new ExecutionPage(
                        page.records().stream()
                                .map(execution -> ExecutionWriter.execution(execution, false))
                                .toList(),
                        page.nextCursor().orElse(null)));
    }

    /// An id that can't be one is simply not found; nothing else ever looks at it.
    private static String id(Exchange exchange) {
        var id = exchange.pathVariable("id");
        if (!ID.matcher(id).matches()) {
            throw new PlatformException(ErrorCode.NOT_FOUND, "there is no such execution");
        }
        return id;
    }

    private static ExecutionState state(String text) {
        return Arrays.stream(ExecutionState.values())
                .filter(state -> state.wire().equals(text))
                .findFirst()
                .orElseThrow(() -> PlatformException.invalid(
                        "state",
                        "must be one of "
                                + Arrays.stream(ExecutionState.values())
                                        .map(ExecutionState::wire)
                                        .collect(Collectors.joining(", "))));
    }

    private static Instant time(String name, String text) {
        try {
            return OffsetDateTime.parse(text).toInstant();
        } catch (DateTimeException e) {
            throw PlatformException.invalid(name, "must be a time such as 2026-01-31T12:00:00Z");
        }
    }
}
