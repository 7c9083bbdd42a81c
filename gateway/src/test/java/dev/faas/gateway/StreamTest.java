package dev.faas.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.faas.gateway.http.GatewayConfig;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.Socket;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/// Output that arrives while the command runs.
class StreamTest {

    private final GatewayFixture fixture = new GatewayFixture();

    @AfterEach
    void close() {
        fixture.close();
    }

    private List<JsonNode> ndjson(String body) {
        return fixture.execute(200, body, "Accept", "application/x-ndjson")
                .text()
                .lines()
                .map(Contract.JSON::readTree)
                .toList();
    }

    private static String text(List<JsonNode> frames, String type) {
        return frames.stream()
                .filter(frame -> frame.get("type").stringValue().equals(type))
                .map(frame -> frame.get("data").stringValue())
                .collect(Collectors.joining());
    }

    @Test
    void streamsLines() {
        var frames = ndjson("""
            {"command": "echo héllo; echo oops >&2; exit 3"}\
            """);

        assertThat(frames.getFirst().get("type").stringValue()).isEqualTo("started");
        assertThat(text(frames, "stdout")).isEqualTo("héllo\n");
        assertThat(text(frames, "stderr")).isEqualTo("oops\n");
        var result = frames.getLast();
        assertThat(result.get("type").stringValue()).isEqualTo("result");
        assertThat(result.at("/result/exit_code").intValue()).isEqualTo(3);
        assertThat(result.at("/result/stdout").isNull()).isTrue();
        assertThat(result.at("/result/stdout_bytes").longValue()).isEqualTo(7);
        assertThat(result.at("/result/request_id")).isEqualTo(frames.getFirst().get("request_id"));
    }

    @Test
    void streamsEvents() {
        var text = fixture.execute(200, """
                {"command": "echo hello"}\
                """, "Accept", "text/event-stream").text();

        var events = List.of(text.split("\n\n"));
        assertThat(events.getFirst()).startsWith("event: started\ndata: {");
        assertThat(events.get(1)).startsWith("event: stdout\ndata: {");
        assertThat(events.getLast()).startsWith("event: result\ndata: {");
        events.forEach(event -> GatewayFixture.CONTRACT.assertMatches(
                "StreamFrame", Contract.JSON.readTree(event.substring(event.indexOf("data: ") + 6))));
    }

    @Test
    void neverCutsACharacter() {
        fixture.driver.addProgram("drip", context -> {
            for (byte b : "aé€😀z".getBytes(StandardCharsets.UTF_8)) {
                context.stdout().write(b);
                context.stdout().flush();
            }
            return 0;
        });

        var frames = ndjson("""
            {"command": ["drip"]}\
            """);

        assertThat(text(frames, "stdout")).isEqualTo("aé€😀z");
    }

    @Test
    void sendsOtherBytesAsBase64() {
        fixture.driver.addProgram("binary", context -> {
            context.stdout().write(new byte[] {1, (byte) 0xff, 2});
            context.stdout().write(new byte[] {(byte) 0xe2, (byte) 0x82});
            return 0;
        });

        var bytes = new ArrayList<Byte>();
        for (var frame : ndjson("""
            {"command": ["binary"]}\
            """)) {
            if (frame.get("type").stringValue().equals("stdout")) {
                assertThat(frame.get("encoding").stringValue()).isEqualTo("base64");
                for (byte b : Base64.getDecoder().decode(frame.get("data").stringValue())) {
                    bytes.add(b);
                }
            }
        }
        assertThat(bytes).containsExactly((byte) 1, (byte) 0xff, (byte) 2, (byte) 0xe2, (byte) 0x82);
    }

    @Test
    void failsWithItsStatusBeforeTheStreamHasBegun() {
        var answer = fixture.execute(422, """
                {"command": "true", "image": "no/such"}\
                """, "Accept", "application/x-ndjson");

        assertThat(answer.string("code")).isEqualTo("image_not_found");
        fixture.execute(422, """
                {"command": "true"}\
                """, "Accept", "application/x-ndjson", "Idempotency-Key", "k");
    }

    @Test
    void deliversWhatIsThereWhileTheCommandRuns() throws Exception {
        var request = HttpRequest.newBuilder(fixture.uri("/api/v1/execute"))
                .header("Accept", "application/x-ndjson")
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString("""
                    {"command": "echo first; sleep 60", "timeout_ms": 60000}\
                    """))
                .build();
        var response = fixture.client.send(request, BodyHandlers.ofInputStream());

        try (var lines = new BufferedReader(new InputStreamReader(response.body(), StandardCharsets.UTF_8))) {
            var started = Contract.JSON.readTree(lines.readLine());
            assertThat(Contract.JSON.readTree(lines.readLine()).get("data").stringValue())
                    .isEqualTo("first\n");

            fixture.delete(
                    200, "/api/v1/executions/" + started.get("request_id").stringValue());

            var last = Contract.JSON.readTree(lines.readLine());
            assertThat(last.at("/result/outcome").stringValue()).isEqualTo("cancelled");
        }
    }

    @Test
    void cancelsWhenTheClientGoesAway() throws IOException {
        try (var socket = new Socket("127.0.0.1", fixture.gateway.port())) {
            var body = "{\"command\": \"yes\", \"timeout_ms\": 600000}";
            socket.getOutputStream()
                    .write(("POST /api/v1/execute HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n"
                                    + "Content-Type: application/json\r\nContent-Length: " + body.length() + "\r\n\r\n"
                                    + body)
                            .getBytes(StandardCharsets.UTF_8));
            assertThat(socket.getInputStream().readNBytes(5000)).hasSize(5000);
        }

        await().until(() -> fixture.driver.list().isEmpty());
        await().until(() -> fixture.get(200, "/api/v1/executions?state=cancelled")
                        .body()
                        .get("executions")
                        .size()
                == 1);
    }

    private static GatewayConfig withHeartbeat(Duration heartbeat) {
        var defaults = GatewayConfig.DEFAULT;
        return new GatewayConfig(
                defaults.host(),
                defaults.port(),
                defaults.keys(),
                defaults.http(),
                defaults.requests(),
                defaults.batch(),
                defaults.idempotencyPeriod(),
                heartbeat,
                defaults.version());
    }

    private static byte[] request(String body) {
        return ("POST /api/v1/execute HTTP/1.1\r\nHost: localhost\r\nAccept: application/x-ndjson\r\n"
                        + "Content-Type: application/json\r\nContent-Length: " + body.length() + "\r\n\r\n" + body)
                .getBytes(StandardCharsets.UTF_8);
    }

    /// The next heartbeat, on which a write would fail, is a day away.
    @Test
    void cancelsAQuietCommandAsSoonAsTheClientGoesAway() throws IOException {
        try (var silent = new GatewayFixture(withHeartbeat(Duration.ofDays(1)))) {
            try (var socket = RawClient.connect(silent.gateway.port())) {
                socket.getOutputStream().write(request("{\"command\": \"sleep 60\", \"timeout_ms\": 600000}"));
                assertThat(socket.getInputStream().readNBytes(100)).hasSize(100);
            }

            await().until(() -> silent.driver.list().isEmpty());
            await().until(() -> silent.get(200, "/api/v1/executions?state=cancelled").body().get("executions").size() == 1);
        }
    }

    @Test
    void aConnectionIsGoodForTheNextRequestAfterAStream() throws IOException {
        try (var socket = RawClient.connect(fixture.gateway.port())) {
            var in = new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8));
            for (var word : List.of("first", "second")) {
                socket.getOutputStream().write(request("{\"command\": \"echo " + word + "\"}"));
                assertThat(stream(in)).contains(word).contains("\"result\"");
            }
            // The one behind is sent while the one before is being answered.
            socket.getOutputStream().write(request("{\"command\": \"echo third\"}"));
            socket.getOutputStream().write(request("{\"command\": \"echo fourth\"}"));
            assertThat(stream(in)).contains("third");
            assertThat(stream(in)).contains("fourth");
        }
    }

    /// One answer, whether in chunks or not, up to its last frame.
    private static String stream(BufferedReader in) throws IOException {
        var answer = new StringBuilder();
        for (var line = in.readLine(); line != null; line = in.readLine()) {
            answer.append(line).append('\n');
            if (line.contains("\"type\":\"result\"")) {
                break;
            }
        }
        return answer.toString();
    }

    @Test
    void showsThatASilentStreamIsAlive() {
        try (var quick = new GatewayFixture(withHeartbeat(Duration.ofMillis(20)))) {
            var body = """
                    {"command": "sleep 9", "timeout_ms": 300}""";
            var events = quick.execute(200, body, "Accept", "text/event-stream").text();
            var lines = quick.execute(200, body, "Accept", "application/x-ndjson").text();

            assertThat(events).contains("\n\n: alive\n\n");
            assertThat(lines).contains("\n\n");
        }
    }

    @Test
    void aSlowClientHoldsTheCommandBack() throws IOException {
        var body = "{\"command\": \"yes\", \"output_limit_bytes\": 67108864, \"timeout_ms\": 600000}";
        try (var socket = new Socket()) {
            socket.setReceiveBufferSize(4096);
            socket.connect(new java.net.InetSocketAddress("127.0.0.1", fixture.gateway.port()));
            socket.getOutputStream()
                    .write(("POST /api/v1/execute HTTP/1.1\r\nHost: localhost\r\nAccept: application/x-ndjson\r\n"
                                    + "Content-Type: application/json\r\nContent-Length: " + body.length() + "\r\n\r\n"
                                    + body)
                            .getBytes(StandardCharsets.UTF_8));
            assertThat(socket.getInputStream().readNBytes(100)).hasSize(100);

            await().until(() -> fixture.get(200, "/ready").body().get("running").intValue() == 1);
            fixture.execute(200, "{\"command\": \"echo others go on\"}");
        }
        await().until(() -> fixture.driver.list().isEmpty());
    }
}
