package dev.faas.store.image.registry;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/// Stands before a real registry and spoils what it says: breaks off in the middle of a blob, changes its bytes,
/// answers with errors, demands a token. Counts the requests. Faults are switched by the test. Thread-safe.
final class RegistryProxy implements AutoCloseable {

    private static final String TOKEN = "a-token-of-the-test";

    private final HttpServer server;
    private final ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor();
    private final HttpClient client = HttpClient.newHttpClient();
    private final String registry;
    private final List<String> requests = new CopyOnWriteArrayList<>();
    private final AtomicInteger failures = new AtomicInteger();
    private final AtomicInteger cuts = new AtomicInteger();
    private volatile int cutAfter;
    private volatile boolean spoiling;
    private volatile boolean demandingToken;
    private volatile boolean ignoringRanges;
    private volatile boolean stalling;
    private final CountDownLatch closing = new CountDownLatch(1);

    RegistryProxy(String registry) throws IOException {
        this.registry = registry;
        this.server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(executor);
        server.createContext("/v2/", this::forward);
        server.createContext("/token", this::token);
        server.start();
    }

    String address() {
        return "127.0.0.1:" + server.getAddress().getPort();
    }

    /// Every request so far: method, path and, for a part of a blob, the range.
    List<String> requests() {
        return List.copyOf(requests);
    }

    long blobRequests() {
        return requests.stream().filter(request -> request.contains("/blobs/")).count();
    }

    /// The next `times` blob answers larger than `bytes` break off there.
    void cutBlobs(int bytes, int times) {
        cutAfter = bytes;
        cuts.set(times);
    }

    /// The next answers are 503.
    void failNext(int times) {
        failures.set(times);
    }

    void spoilBlobs() {
        spoiling = true;
    }

    void demandToken() {
        demandingToken = true;
    }

    /// Blob answers stop in the middle and the connection stays open.
    void stall() {
        stalling = true;
    }

    void ignoreRanges() {
        ignoringRanges = true;
    }

    private void forward(HttpExchange exchange) throws IOException {
        String path = exchange.getRequestURI().getPath();
        String range = exchange.getRequestHeaders().getFirst("Range");
        requests.add(exchange.getRequestMethod() + " " + path + (range == null ? "" : " " + range));
        try (exchange) {
            if (demandingToken && !("Bearer " + TOKEN).equals(exchange.getRequestHeaders().getFirst("Authorization"))) {
                exchange.getResponseHeaders()
                        .add("WWW-Authenticate", "Bearer realm=\"http://" + address() + "/token\",service=\"tests\"");
                exchange.sendResponseHeaders(401, -1);
            } else if (failures.getAndUpdate(left -> Math.max(0, left - 1)) > 0) {
                exchange.sendResponseHeaders(503, -1);
            } else {
                answer(exchange, path, ignoringRanges ? null : range);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void answer(HttpExchange exchange, String path, @Nullable String range)
            throws IOException, InterruptedException {
        var request = HttpRequest.newBuilder(URI.create("http://" + registry + path));
        for (String accept : exchange.getRequestHeaders().getOrDefault("Accept", List.of())) {
            request.header("Accept", accept);
        }
        if (range != null) {
            request.header("Range", range);
        }
        var response = client.send(request.build(), BodyHandlers.ofByteArray());
        byte[] body = response.body();
        boolean blob = path.contains("/blobs/");
        if (blob && spoiling && body.length > 0) {
            body = body.clone();
            body[body.length / 2] ^= 1;
        }
        var headers = exchange.getResponseHeaders();
        response.headers().firstValue("Content-Type").ifPresent(type -> headers.add("Content-Type", type));
        exchange.sendResponseHeaders(response.statusCode(), body.length == 0 ? -1 : body.length);
        boolean cut = blob && body.length > cutAfter && cuts.getAndUpdate(left -> Math.max(0, left - 1)) > 0;
        if (blob && stalling) {
            exchange.getResponseBody().write(body, 0, body.length / 2);
            exchange.getResponseBody().flush();
            closing.await();
        }
        // Closing the exchange before all announced bytes are written breaks the connection off.
        exchange.getResponseBody().write(cut ? Arrays.copyOf(body, cutAfter) : body);
    }

    private void token(HttpExchange exchange) throws IOException {
        requests.add("TOKEN " + exchange.getRequestURI().getQuery() + " "
                + exchange.getRequestHeaders().getFirst("Authorization"));
        try (exchange) {
            byte[] body = ("{\"token\":\"" + TOKEN + "\"}").getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body);
        }
    }

    @Override
    public void close() {
        closing.countDown();
        server.stop(0);
        executor.shutdownNow();
        client.close();
    }
}
