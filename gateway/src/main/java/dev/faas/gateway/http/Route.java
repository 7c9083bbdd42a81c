package dev.faas.gateway.http;

import dev.faas.gateway.auth.Scope;
import java.util.Optional;

/// One method on one path.
///
/// @param path  as in the OpenAPI document, `{id}` for a variable segment
/// @param scope what the caller's key must allow; empty where no key is asked for
public record Route(String method, String path, Optional<Scope> scope, Handler handler) {

    public static Route get(String path, Scope scope, Handler handler) {
        return new Route("GET", path, Optional.of(scope), handler);
    }

    public static Route post(String path, Scope scope, Handler handler) {
        return new Route("POST", path, Optional.of(scope), handler);
    }

    public static Route put(String path, Scope scope, Handler handler) {
        return new Route("PUT", path, Optional.of(scope), handler);
    }

    public static Route patch(String path, Scope scope, Handler handler) {
        return new Route("PATCH", path, Optional.of(scope), handler);
    }

    public static Route delete(String path, Scope scope, Handler handler) {
        return new Route("DELETE", path, Optional.of(scope), handler);
    }

    /// Answers without asking for a key.
    public static Route open(String path, Handler handler) {
        return new Route("GET", path, Optional.empty(), handler);
    }

    /// Answers a request. What it throws becomes the error body.
    @FunctionalInterface
    public interface Handler {
        void handle(Exchange exchange) throws InterruptedException;
    }
}
