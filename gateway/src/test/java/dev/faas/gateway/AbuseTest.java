package dev.faas.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import dev.faas.core.common.DataSize;
import dev.faas.gateway.http.GatewayConfig;
import dev.faas.gateway.limit.HttpLimits;
import java.io.IOException;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Clients that mean harm, or speak no HTTP: a clear answer or the end of the connection, and the gateway goes on.
class AbuseTest {

    private static final String HOST = "Host: localhost\r\n";
    private static final String JSON = "Content-Type: application/json\r\n";

    private final GatewayFixture fixture = new GatewayFixture(GatewayConfig.DEFAULT.withHttp(new HttpLimits(
            DataSize.ofMebibytes(1),
            DataSize.ofMebibytes(1),
            DataSize.ofBytes(8192),
            DataSize.ofBytes(4096),
            64,
            2,
            Duration.ofMillis(300),
            Duration.ofMillis(300),
            DataSize.ofBytes(64 * 1024),
            Duration.ofSeconds(2))));

    @AfterEach
    void stillWorks() {
        assertThat(fixture.execute(200, "{\"command\": \"echo on\"}").string("stdout"))
                .isEqualTo("on\n");
        fixture.close();
    }

    private String ask(String request) throws IOException {
        return RawClient.ask(fixture.gateway.port(), request);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "nonsense\r\n\r\n",
                "GET /health\r\n\r\n",
                "GET /health HTTP/1.1\r\n\r\n",
                "GET /health HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
                "GET /health HTTP/1.1\r\nHost: localhost\r\nbad header\r\n\r\n",
                "GET /health HTTP/1.1\r\nHost: localhost\r\nX: a\0b\r\n\r\n",
                "GET /he alth HTTP/1.1\r\nHost: localhost\r\n\r\n",
                "GET /%zz HTTP/1.1\r\nHost: localhost\r\n\r\n",
                "GET http://[ HTTP/1.1\r\nHost: localhost\r\n\r\n",
                "\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\r\n\r\n",
                "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
            })
    void whatIsNotHttpIsRefused(String request) throws IOException {
        var answer = ask(request);

        assertThat(answer.isEmpty() || answer.startsWith("HTTP/1.1 4"))
                .as(answer)
                .isTrue();
    }

    @Test
    void answersProblemsBelowTheRoutesInTheSameShape() throws IOException {
        var answer = ask("GET /health HTTP/1.1\r\nHost: localhost\r\nbad header\r\n\r\n");

        assertThat(answer).containsIgnoringCase("content-type: application/problem+json");
        GatewayFixture.CONTRACT.assertMatches(
                "Problem", Contract.JSON.readTree(answer.substring(answer.indexOf("\r\n\r\n") + 4)));
    }

    @Test
    void limitsHeadersAndRequestLine() throws IOException {
        assertThat(ask("GET /health HTTP/1.1\r\n" + HOST + "X: " + "x".repeat(9000) + "\r\n\r\n"))
                .startsWith("HTTP/1.1 431");
        assertThat(ask("GET /health HTTP/1.1\r\n" + HOST + "X: y\r\n".repeat(3000) + "\r\n"))
                .startsWith("HTTP/1.1 431");
        assertThat(ask("GET /" + "x".repeat(5000) + " HTTP/1.1\r\n" + HOST + "\r\n"))
                .startsWith("HTTP/1.1 431");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
                "Transfer-Encoding: gzip\r\n",
                "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
                "Content-Length: 5\r\nContent-Length: 6\r\n",
                "Content-Length: -1\r\n",
                "Content-Length: 99999999999999999999\r\n",
                "Content-Length: abc\r\n"
            })
    void refusesFramingThatTwoParsersCouldReadDifferently(String framing) throws IOException {
        var answer = ask("POST /api/v1/execute HTTP/1.1\r\n" + HOST + JSON + framing
                + "\r\n0\r\n\r\nGET /health HTTP/1.1\r\n" + HOST + "\r\n");

        assertThat(answer).startsWith("HTTP/1.1 4");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"zz\r\nhello\r\n", "-5\r\n", "ffffffffffffffff\r\n", "5\r\nhelloX\r\n0\r\n\r\n", "5;ext=\"\r\n"})
    void refusesGarbageBetweenChunks(String body) throws IOException {
        try (var socket = RawClient.connect(fixture.gateway.port())) {
            socket.getOutputStream()
                    .write(("POST /api/v1/execute HTTP/1.1\r\n" + HOST + JSON + "Transfer-Encoding: chunked\r\n\r\n"
                                    + body)
                            .getBytes(StandardCharsets.ISO_8859_1));
            socket.shutdownOutput();

            var answer = RawClient.read(socket);
            assertThat(answer.isEmpty() || answer.startsWith("HTTP/1.1 4"))
                    .as(answer)
                    .isTrue();
        }
    }

    @Test
    void aBodyThatEndsEarlyIsNoRequest() throws IOException {
        try (var socket = RawClient.connect(fixture.gateway.port())) {
            socket.getOutputStream()
                    .write(("POST /api/v1/execute HTTP/1.1\r\n" + HOST + JSON
                                    + "Content-Length: 500\r\n\r\n{\"command\": \"true\"}")
                            .getBytes(StandardCharsets.ISO_8859_1));
            socket.shutdownOutput();

            var answer = RawClient.read(socket);
            assertThat(answer.isEmpty() || answer.startsWith("HTTP/1.1 400"))
                    .as(answer)
                    .isTrue();
        }
        assertThat(fixture.driver.created()).isZero();
    }

    @Test
    void cutsOffSlowHeaders() throws IOException {
        try (var socket = RawClient.connect(fixture.gateway.port())) {
            assertThat(dripUntilClosed(socket, "GET /health HTTP/1.1\r\n" + HOST + "X: "))
                    .isTrue();
        }
    }

    @Test
    void cutsOffSlowBodies() throws IOException {
        try (var socket = RawClient.connect(fixture.gateway.port())) {
            assertThat(dripUntilClosed(
                            socket,
                            "POST /api/v1/execute HTTP/1.1\r\n" + HOST + JSON + "Content-Length: 100000\r\n\r\n"))
                    .isTrue();
        }
    }

    @Test
    void tellsASlowClientWhatItDidWrong() throws IOException {
        try (var socket = RawClient.connect(fixture.gateway.port())) {
            socket.getOutputStream()
                    .write(("POST /api/v1/execute HTTP/1.1\r\n" + HOST + JSON + "Content-Length: 100000\r\n\r\n")
                            .getBytes(StandardCharsets.ISO_8859_1));

            // Nothing more comes; the idle timeout ends the wait.
            assertThat(RawClient.read(socket)).startsWith("HTTP/1.1 408");
        }
    }

    /// Sends a byte now and then, as slow loris does.
    private static boolean dripUntilClosed(Socket socket, String beginning) throws IOException {
        var out = socket.getOutputStream();
        out.write(beginning.getBytes(StandardCharsets.ISO_8859_1));
        socket.setSoTimeout(20);
        long deadline = System.nanoTime() + Duration.ofSeconds(15).toNanos();
        while (System.nanoTime() < deadline) {
            try {
                if (socket.getInputStream().read() < 0) {
                    return true;
                }
            } catch (java.net.SocketTimeoutException e) {
                // Still open: one more byte.
            } catch (SocketException e) {
                return true;
            }
            try {
                out.write('x');
            } catch (SocketException e) {
                return true;
            }
        }
        return false;
    }

    @Test
    void servesOthersWhileManyConnectionsAreIdle() throws IOException {
        var idle = new ArrayList<Socket>();
        try {
            for (int i = 0; i < 40; i++) {
                idle.add(RawClient.connect(fixture.gateway.port()));
            }
            fixture.execute(200, "{\"command\": \"true\"}");
        } finally {
            for (var socket : idle) {
                socket.close();
            }
        }
    }

    @Test
    void refusesMoreRequestsThanItTakesAtOnce() throws Exception {
        var inside = new CountDownLatch(2);
        var goOn = new CountDownLatch(1);
        fixture.driver.onCreate(_ -> {
            inside.countDown();
            try {
                goOn.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var first = threads.submit(() -> fixture.execute(200, "{\"command\": \"echo 1\"}"));
            var second = threads.submit(() -> fixture.execute(200, "{\"command\": \"echo 2\"}"));
            inside.await();

            var refused = fixture.execute(429, "{\"command\": \"true\"}");

            assertThat(refused.string("code")).isEqualTo("rate_limited");
            assertThat(refused.body().get("retryable").booleanValue()).isTrue();
            assertThat(refused.header("Retry-After")).isEqualTo("1");
            fixture.get(200, "/health");
            goOn.countDown();
            assertThat(first.get().string("stdout")).isEqualTo("1\n");
            assertThat(second.get().string("stdout")).isEqualTo("2\n");
        }
        assertThat(fixture.get(200, "/metrics").text()).contains("faas_rate_limit_exceeded_total 1.0");
    }

    @Test
    void answersPipelinedRequestsInOrder() throws IOException {
        try (var socket = RawClient.connect(fixture.gateway.port())) {
            var one = "GET /ready HTTP/1.1\r\n" + HOST + "X-Request-Id: %s\r\n\r\n";
            socket.getOutputStream()
                    .write((one.formatted("a") + one.formatted("b")).getBytes(StandardCharsets.ISO_8859_1));

            assertThat(RawClient.read(socket)).containsIgnoringCase("x-request-id: a");
            assertThat(RawClient.read(socket)).containsIgnoringCase("x-request-id: b");
        }
    }
}
