package dev.faas.gateway.route;

import dev.faas.api.Problem;
import dev.faas.gateway.http.Exchange;
import dev.faas.gateway.http.Route;
import dev.faas.gateway.wire.Json;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

/// `GET /openapi.json`: the hand-written document of the contract, as JSON.
public final class OpenApiRoutes {

    private static final String DOCUMENT = "openapi.yaml";

    private volatile byte @Nullable [] json;

    public List<Route> routes() {
        return List.of(Route.open("/openapi.json", this::answer));
    }

    /// Converted when it is first asked for; two first callers do it twice, to the same end.
    private void answer(Exchange exchange) {
        var bytes = json;
        if (bytes == null) {
            bytes = Json.write(document());
            json = bytes;
        }
        exchange.answer(200, "application/json", bytes);
    }

    /// The document as maps, lists and scalars.
    public static Object document() {
        try (var yaml = Objects.requireNonNull(Problem.class.getResourceAsStream(DOCUMENT))) {
            return new Load(LoadSettings.builder().setLabel(DOCUMENT).build()).loadFromInputStream(yaml);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
