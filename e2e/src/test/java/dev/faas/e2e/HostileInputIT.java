package dev.faas.e2e;

import static dev.faas.e2e.WireClient.EXECUTE;
import static org.assertj.core.api.Assertions.assertThat;

import dev.faas.api.ExecuteRequest;
import java.io.IOException;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Map;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Requests that mean harm get a clear error, and the gateway goes on.
@Timeout(60)
class HostileInputIT {

    @TempDir
    static Path directory;

    private static PlatformProcess platform;

    @BeforeAll
    static void start() {
        platform = PlatformProcess.start(
                PlatformProcess.dataDirectory(directory),
                Map.of("FAAS_HTTP_HEADER_TIMEOUT", "500ms", "FAAS_HTTP_BODY_GRACE", "500ms", "FAAS_HTTP_IDLE_TIMEOUT", "2s"));
    }

    @AfterAll
    static void stop() {
        platform.close();
    }

    @AfterEach
    void theGatewayGoesOn() {
        assertThat(platform.client().execute(ExecuteRequest.shell("echo on").build()).stdout()).isEqualTo("on\n");
    }

    @Test
    void aCommandOfTenMegabytesIsRefusedForWhatItIs() {
        var refused = platform.wire().execute(422, Map.of("command", "x".repeat(10 << 20)));

        assertThat(refused.string("code")).isEqualTo("validation_failed");
        assertThat(refused.text()).contains("command");
    }

    @Test
    void aBodyBeyondTheLimitIsRefused() {
        var refused = platform.wire().execute(413, Map.of("command", "cat", "payload", "x".repeat(33 << 20)));

        assertThat(refused.string("code")).isEqualTo("body_too_large");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "422 | {'command': 'a\\u0000b'}",
        "422 | {'command': 'true', 'env_vars': {'A': 'a\\u0000b'}}",
        "422 | {'command': 'true', 'env_vars': {'A=B': 'x'}}",
        "422 | {'command': 'true', 'working_dir': 'relative'}",
        "422 | {'command': 'true', 'files': [{'path': '/a/../../etc/passwd', 'content': ''}]}",
        "422 | {'command': 'true', 'files': [{'path': 'etc', 'content': ''}]}",
        "422 | {'command': 'true', 'outputs': ['/a/../b']}",
        "422 | {'command': 'true', 'memory_mb': -1}",
        "422 | {'command': 'true', 'memory_mb': 99999999999999999999}",
        "422 | {'command': 'true', 'cpu_cores': 1e308}",
        "422 | {'command': 'true', 'timeout_ms': 1.5}",
        "422 | {'command': 'true', 'timeout_ms': '5'}",
        "422 | {'command': 'true', 'comand': 'typo'}",
        "422 | {'command': []}",
        "422 | {'command': 5}",
        "422 | {'command': 'true', 'image': '../../etc'}",
        "422 | {'command': 'true', 'user': 'a b'}",
        "422 | {'command': 'true', 'network': 'host'}",
        "422 | {}",
        "422 | []",
        "400 | {'command': 'true', 'command': 'twice'}",
        "400 | {'command': 'true'",
        "400 | {'command': NaN}",
    })
    void aBadFieldIsNamedOrTheJsonIsRefused(int status, String body) {
        var refused = platform.wire().post(status, EXECUTE, body.replace('\'', '"'));

        assertThat(refused.string("code")).isEqualTo(status == 422 ? "validation_failed" : "malformed_json");
    }

    @Test
    void deepNestingIsRefused() {
        var refused = platform.wire().post(400, EXECUTE, "{\"command\": " + "[".repeat(100_000) + "]".repeat(100_000) + "}");

        assertThat(refused.string("code")).isEqualTo("malformed_json");
    }

    @ParameterizedTest
    @ValueSource(strings = {"c328", "c080", "eda080", "f8888080", "ff"})
    void bytesThatAreNoUtf8AreRefused(String hex) {
        var head = "{\"command\": \"".getBytes(StandardCharsets.US_ASCII);
        var bad = java.util.HexFormat.of().parseHex(hex);
        var body = new byte[head.length + bad.length + 2];
        System.arraycopy(head, 0, body, 0, head.length);
        System.arraycopy(bad, 0, body, head.length, bad.length);
        body[body.length - 2] = '"';
        body[body.length - 1] = '}';

        var refused = platform.wire()
                .ask(400, "POST", EXECUTE, BodyPublishers.ofByteArray(body), "Content-Type", "application/json");

        assertThat(refused.string("code")).isEqualTo("malformed_json");
    }

    @Test
    void anotherMediaTypeIsRefused() {
        platform.wire().ask(415, "POST", EXECUTE, BodyPublishers.ofString("command=true"), "Content-Type", "text/plain");
    }

    @Test
    void hugeHeadersAreRefused() throws IOException {
        assertThat(ask("GET /health HTTP/1.1\r\nHost: localhost\r\nX: " + "x".repeat(20_000) + "\r\n\r\n")).startsWith("HTTP/1.1 431");
        assertThat(ask("GET /" + "x".repeat(10_000) + " HTTP/1.1\r\nHost: localhost\r\n\r\n")).startsWith("HTTP/1.1 431");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\r\n\r\n",
                "GET /health HTTP/1.1\r\n\r\n",
                "POST /api/v1/execute HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            })
    void whatIsNoProperHttpIsRefused(String request) throws IOException {
        var answer = ask(request);

        assertThat(answer.isEmpty() || answer.startsWith("HTTP/1.1 4")).as(answer).isTrue();
    }

    @Test
    void aForeignPageCannotReachALoopbackGateway() throws IOException {
        assertThat(ask("GET /api/v1/executions HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n"))
                .startsWith("HTTP/1.1 403");
    }

    /// Each sends a byte now and then; all are cut off, and nobody else waits for them.
    @Test
    void slowClientsAreCutOffAndOthersServed() throws IOException {
        var slow = new ArrayList<Socket>();
        try {
            for (int i = 0; i < 100; i++) {
                slow.add(begin(i % 2 == 0
                        ? "GET /health HTTP/1.1\r\nHost: localhost\r\nX: "
                        : "POST /api/v1/execute HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                                + "Content-Length: 1000000\r\n\r\n{"));
            }
            theGatewayGoesOn();
            Awaitility.await().atMost(Duration.ofSeconds(30)).until(() -> {
                slow.removeIf(HostileInputIT::isCutOff);
                return slow.isEmpty();
            });
        } finally {
            for (var socket : slow) {
                socket.close();
            }
        }
    }

    /// Sends one more byte; looks whether an answer or the end has come.
    private static boolean isCutOff(Socket socket) {
        try {
            socket.getOutputStream().write('x');
            socket.setSoTimeout(1);
            while (socket.getInputStream().read() >= 0) {
                // The answer's bytes, on the way to the end.
            }
            return true;
        } catch (SocketTimeoutException e) {
            return false;
        } catch (IOException e) {
            return true;
        }
    }

    private static Socket begin(String text) throws IOException {
        var socket = new Socket("127.0.0.1", platform.uri().getPort());
        socket.setSoTimeout(20_000);
        socket.getOutputStream().write(text.getBytes(StandardCharsets.ISO_8859_1));
        return socket;
    }

    /// What is answered up to the first pause or the end.
    private static String ask(String request) throws IOException {
        try (var socket = begin(request)) {
            var answer = new StringBuilder();
            try {
                for (int read; answer.indexOf("\r\n\r\n") < 0 && (read = socket.getInputStream().read()) >= 0; ) {
                    answer.append((char) read);
                }
            } catch (SocketException e) {
                // A reset is an end too.
                return answer.toString();
            }
            return answer.toString();
        }
    }
}
