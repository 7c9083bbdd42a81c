package dev.faas.sdk;

import dev.faas.api.Problem;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/// Sends requests, tries again what may be tried again, and turns errors into exceptions. Thread-safe.
final class Transport implements AutoCloseable {

    private static final Duration LONGEST_WAIT = Duration.ofSeconds(30);
    private static final int MAX_DOUBLINGS = 16;

    private final ClientConfig config;
    private final HttpClient client;

    Transport(ClientConfig config) {
        this.config = config;
        this.client = HttpClient.newBuilder()
                // The server speaks HTTP/1.1; offering more costs an upgrade header on every first request.
                .version(HttpClient.Version.HTTP_1_1)
                .connectTimeout(config.connectTimeout())
                .build();
    }

    HttpRequest.Builder request(String pathAndQuery) {
        var base = config.baseUrl().toString();
        var root = base.endsWith("/") ? base.substring(0, base.length() - 1) : base;
        var request = HttpRequest.newBuilder(URI.create(root + pathAndQuery)).timeout(config.requestTimeout());
        config.apiKey().ifPresent(key -> request.header("Authorization", "Bearer " + key));
        return request;
    }

    HttpRequest.Builder post(String path, BodyPublisher body, String contentType) {
        return request(path).header("Content-Type", contentType).POST(body);
    }

    /// A key that makes a request with effects safe to repeat; none when nothing is repeated.
    HttpRequest.Builder idempotent(HttpRequest.Builder request, @Nullable String key) {
        if (key != null) {
            return request.setHeader("Idempotency-Key", key);
        }
        return config.retries() == 0
                ? request
                : request.setHeader("Idempotency-Key", UUID.randomUUID().toString());
    }

    /// Sends a request that may be repeated, until it is answered or the attempts are used up.
    <T> T send(HttpRequest request, Class<T> type) {
        for (int attempt = 0; ; attempt++) {
            try (var body = sendOnce(request)) {
                return Wire.read(body, type);
            } catch (IOException e) {
                throw FaasException.unreachable("the answer broke off: " + e.getMessage(), e);
            } catch (FaasException e) {
                if (!e.isRetryable() || attempt >= config.retries()) {
                    throw e;
                }
                pause(e, attempt);
            }
        }
    }

    /// Sends a request once. The caller closes the body.
    InputStream sendOnce(HttpRequest request) {
        var response = exchange(request);
        if (response.statusCode() < 300) {
            return response.body();
        }
        throw failure(response);
    }

    /// Sends a request whose answer is a report whatever its status: health.
    <T> T report(HttpRequest request, Class<T> type) {
        var response = exchange(request);
        boolean isReport = response.headers()
                .firstValue("Content-Type")
                .filter(found -> found.startsWith("application/json"))
                .isPresent();
        if (!isReport) {
            throw failure(response);
        }
        return Wire.read(response.body(), type);
    }

    private HttpResponse<InputStream> exchange(HttpRequest request) {
        try {
            return client.send(request, BodyHandlers.ofInputStream());
        } catch (IOException e) {
            var reason = e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
            throw FaasException.unreachable("no answer from " + config.baseUrl() + ": " + reason, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw FaasException.unreachable("interrupted while waiting for " + config.baseUrl(), e);
        }
    }

    private static FaasException failure(HttpResponse<InputStream> response) {
        try (var body = response.body()) {
            var type = response.headers().firstValue("Content-Type").orElse("");
            if (!type.startsWith(Problem.MEDIA_TYPE)) {
                return FaasException.unexpected(
                        response.statusCode(), "status " + response.statusCode() + " from something that is no gateway");
            }
            return FaasException.of(Wire.read(body, Problem.class), retryAfter(response));
        } catch (IOException e) {
            return FaasException.unreachable("the answer broke off", e);
        }
    }

    private static @Nullable Duration retryAfter(HttpResponse<?> response) {
        return response.headers()
                .firstValue("Retry-After")
                .filter(text -> text.matches("\\d{1,6}"))
                .map(text -> Duration.ofSeconds(Long.parseLong(text)))
                .orElse(null);
    }

    private void pause(FaasException failure, int attempt) {
        long base = config.backoff().toNanos() << Math.min(attempt, MAX_DOUBLINGS);
        long chance = base == 0 ? 0 : ThreadLocalRandom.current().nextLong(base);
        long wait = Math.max(
                base + chance, failure.retryAfter().orElse(Duration.ZERO).toNanos());
        long end = System.nanoTime() + Math.min(wait, LONGEST_WAIT.toNanos());
        for (long left; (left = end - System.nanoTime()) > 0; ) {
            LockSupport.parkNanos(left);
            if (Thread.currentThread().isInterrupted()) {
                throw failure;
            }
        }
    }

    @Override
    public void close() {
        client.shutdownNow();
        client.close();
    }
}
