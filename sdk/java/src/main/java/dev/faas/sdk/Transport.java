package dev.faas.sdk;

import dev.faas.api.Problem;
import java.io.IOException;
import java.io.InputStream;
import java.net.HttpRetryException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/// Sends requests, tries again what may be tried again, and turns errors into exceptions. Thread-safe.
///
/// It stands on [HttpURLConnection]: the JDK's newer client takes 300 ms to its first answer in a fresh JVM where this
/// takes 35 ms, and the
/// command line pays that on every call.
final class Transport {

    private static final Duration LONGEST_WAIT = Duration.ofSeconds(30);
    private static final int MAX_DOUBLINGS = 16;
    private static final int CHUNK = 64 * 1024;

    private final ClientConfig config;
    private final String root;

    Transport(ClientConfig config) {
        this.config = config;
        var base = config.baseUrl().toString();
        this.root = base.endsWith("/") ? base.substring(0, base.length() - 1) : base;
    }

    /// Adds the key that makes a request with effects safe to repeat; none when nothing is repeated.
    Call idempotent(Call call, @Nullable String key) {
        if (key != null) {
            return call.header("Idempotency-Key", key);
        }
        return config.retries() == 0
                ? call
                : call.header("Idempotency-Key", UUID.randomUUID().toString());
    }

    /// Sends a request that may be repeated, until it is answered or the attempts are used up.
    <T> T send(Call call, Class<T> type) {
        for (int attempt = 0; ; attempt++) {
            try {
                return read(sendOnce(call), type);
            } catch (FaasException e) {
                if (!e.isRetryable() || attempt >= config.retries()) {
                    throw e;
                }
                pause(e, attempt);
            }
        }
    }

    /// Sends a request once. The caller closes the answer, or reads its body to the end.
    Answer sendOnce(Call call) {
        var answer = exchange(call);
        if (answer.status() < 300) {
            return answer;
        }
        throw failure(answer);
    }

    /// Changes something. [HttpURLConnection] knows no PATCH, so these go through the JDK's other client; they are rare. Repeating one has
    /// no further effect.
    <T> T patch(String path, Object body, Class<T> type) {
        for (int attempt = 0; ; attempt++) {
            try {
                return patchOnce(path, Wire.write(body), type);
            } catch (FaasException e) {
                if (!e.isRetryable() || attempt >= config.retries()) {
                    throw e;
                }
                pause(e, attempt);
            }
        }
    }

    private <T> T patchOnce(String path, byte[] body, Class<T> type) {
        var request = HttpRequest.newBuilder(URI.create(root + path))
                .method("PATCH", BodyPublishers.ofByteArray(body))
                .header("Content-Type", "application/json")
                .timeout(config.requestTimeout());
        config.apiKey().ifPresent(key -> request.header("Authorization", "Bearer " + key));
        try (var client = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .connectTimeout(config.connectTimeout())
                .build()) {
            var answer = client.send(request.build(), BodyHandlers.ofByteArray());
            if (answer.statusCode() < 300) {
                return Wire.read(answer.body(), type);
            }
            throw FaasException.of(Wire.read(answer.body(), Problem.class), null);
        } catch (IOException e) {
            throw FaasException.unreachable("no answer from " + config.baseUrl() + ": " + reason(e), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw FaasException.unreachable("interrupted while waiting for " + config.baseUrl(), e);
        }
    }

    /// Sends a request whose answer is a report whatever its status: health.
    <T> T report(Call call, Class<T> type) {
        var answer = exchange(call);
        if (!answer.contentType().startsWith("application/json")) {
            throw failure(answer);
        }
        return read(answer, type);
    }

    /// Reads a whole body, which gives the connection back for the next request.
    static <T> T read(Answer answer, Class<T> type) {
        try (var body = answer.body()) {
            return Wire.read(body.readAllBytes(), type);
        } catch (IOException e) {
            throw FaasException.unreachable("the answer broke off: " + reason(e), e);
        }
    }

    private Answer exchange(Call call) {
        try {
            var connection = open(call);
            int status = connection.getResponseCode();
            var body = status < 400 ? connection.getInputStream() : connection.getErrorStream();
            return new Answer(connection, status, body == null ? InputStream.nullInputStream() : body);
        } catch (HttpRetryException e) {
            throw unauthorized(e.responseCode());
        } catch (IOException e) {
            throw FaasException.unreachable("no answer from " + config.baseUrl() + ": " + reason(e), e);
        }
    }

    private HttpURLConnection open(Call call) throws IOException {
        var connection = (HttpURLConnection)
                URI.create(root + call.pathAndQuery()).toURL().openConnection();
        connection.setRequestMethod(call.method());
        connection.setInstanceFollowRedirects(false);
        // Without it the JDK asks every server for a new result (Cache-Control: no-cache). Answers say no-store, so nothing is cached here.
        connection.setUseCaches(true);
        connection.setConnectTimeout((int) config.connectTimeout().toMillis());
        connection.setReadTimeout((int) config.requestTimeout().toMillis());
        config.apiKey().ifPresent(key -> connection.setRequestProperty("Authorization", "Bearer " + key));
        call.headers().forEach(connection::setRequestProperty);
        var source = call.body();
        if (source == null) {
            return connection;
        }
        connection.setDoOutput(true);
        // A streamed body is never sent a second time behind our back.
        if (call.bodyLength() >= 0) {
            connection.setFixedLengthStreamingMode(call.bodyLength());
        } else {
            connection.setChunkedStreamingMode(CHUNK);
        }
        try (var body = source.get();
                var out = connection.getOutputStream()) {
            body.transferTo(out);
        } catch (IOException e) {
            // A server that refuses a body answers before its end; that answer says more than the broken pipe.
            if (!isAnswered(connection)) {
                throw e;
            }
        }
        return connection;
    }

    private static boolean isAnswered(HttpURLConnection connection) {
        try {
            return connection.getResponseCode() > 0;
        } catch (IOException e) {
            return false;
        }
    }

    private static FaasException failure(Answer answer) {
        if (answer.status() == HttpURLConnection.HTTP_UNAUTHORIZED) {
            answer.close();
            return unauthorized(answer.status());
        }
        if (!answer.contentType().startsWith(Problem.MEDIA_TYPE)) {
            answer.close();
            return FaasException.unexpected(
                    answer.status(), "status " + answer.status() + " from something that is no gateway");
        }
        return FaasException.of(read(answer, Problem.class), retryAfter(answer));
    }

    /// The JDK looks at a 401 itself and keeps its body back.
    private static FaasException unauthorized(int status) {
        var detail = "the server asks for a valid API key";
        return FaasException.of(new Problem("", "", status, detail, "unauthorized", "", false, List.of()), null);
    }

    private static @Nullable Duration retryAfter(Answer answer) {
        var text = answer.connection().getHeaderField("Retry-After");
        return text != null && text.matches("\\d{1,6}") ? Duration.ofSeconds(Long.parseLong(text)) : null;
    }

    private static String reason(IOException e) {
        return e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
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
}
