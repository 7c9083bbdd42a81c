package dev.faas.e2e;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import tools.jackson.databind.JsonNode;

/// Plain HTTP, as any client would speak it. Every answer is held against the document the gateway publishes. Thread-safe.
final class WireClient implements AutoCloseable {

    static final String EXECUTE = "/api/v1/execute";
    static final String EXECUTIONS = "/api/v1/executions";
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final URI gateway;
    private final HttpClient http =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).connectTimeout(PATIENCE).build();
    private final Contract contract;

    WireClient(URI gateway) {
        this.gateway = gateway;
        contract = new Contract(send("GET", "/openapi.json", BodyPublishers.noBody()).body());
    }

    Answer get(int status, String path, String... headers) {
        return ask(status, "GET", path, BodyPublishers.noBody(), headers);
    }

    Answer delete(int status, String path) {
        return ask(status, "DELETE", path, BodyPublishers.noBody());
    }

    /// Posts a JSON text.
    Answer post(int status, String path, String json, String... headers) {
        var all = new String[headers.length + 2];
        System.arraycopy(headers, 0, all, 0, headers.length);
        all[headers.length] = "Content-Type";
        all[headers.length + 1] = "application/json";
        return ask(status, "POST", path, BodyPublishers.ofString(json), all);
    }

    Answer execute(int status, Map<String, ?> request, String... headers) {
        return post(status, EXECUTE, Contract.JSON.writeValueAsString(request), headers);
    }

    /// Sends a request and fails unless it is answered with that status, and as the contract says.
    Answer ask(int status, String method, String path, BodyPublisher body, String... headers) {
        var answer = new Answer(send(method, path, body, headers));
        if (answer.status() != status) {
            throw new AssertionError(
                    "%s %s answered %d instead of %d: %s".formatted(method, path, answer.status(), status, answer.text()));
        }
        contract.check(method, path.replaceFirst("\\?.*", ""), status, answer.header("Content-Type"), answer.bytes());
        return answer;
    }

    void assertProblem(byte[] body) {
        contract.assertProblem(body);
    }

    private HttpResponse<byte[]> send(String method, String path, BodyPublisher body, String... headers) {
        var request = HttpRequest.newBuilder(URI.create(gateway + path)).method(method, body).timeout(PATIENCE);
        if (headers.length > 0) {
            request.headers(headers);
        }
        try {
            return http.send(request.build(), BodyHandlers.ofByteArray());
        } catch (IOException e) {
            throw new UncheckedIOException(method + " " + path, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    @Override
    public void close() {
        http.shutdownNow();
    }

    record Answer(HttpResponse<byte[]> response) {

        int status() {
            return response.statusCode();
        }

        byte[] bytes() {
            return response.body();
        }

        String text() {
            return new String(bytes(), StandardCharsets.UTF_8);
        }

        JsonNode json() {
            return Contract.JSON.readTree(bytes());
        }

        String string(String field) {
            return json().get(field).stringValue();
        }

        String header(String name) {
            return response.headers().firstValue(name).orElse("");
        }
    }
}
