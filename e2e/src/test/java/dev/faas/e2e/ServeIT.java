package dev.faas.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import dev.faas.e2e.Launcher.Running;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// `./faas serve`: starts, answers, stops, and leaves nothing even if it is killed.
class ServeIT {

    @BeforeAll
    static void prepare() throws IOException, InterruptedException {
        Launcher.prepare();
    }

    private static final Pattern URI_IN_LOG = Pattern.compile("\"uri\":\\s*\"http:[\\\\/]*(127\\.0\\.0\\.1:\\d+)\"");

    private final HttpClient client = HttpClient.newHttpClient();
    private Traces before = new Traces(Set.of());

    @BeforeEach
    void remember() throws IOException {
        before = Traces.now();
    }

    @AfterEach
    void nothingIsLeft() {
        client.close();
        Awaitility.await().atMost(Duration.ofSeconds(20)).untilAsserted(
                () -> assertThat(Traces.now().since(before)).isEmpty());
    }

    @Test
    void answersAndStopsInOrder() throws Exception {
        try (var server = Launcher.start(Map.of(), "serve", "--addr", "127.0.0.1:0")) {
            var uri = ready(server);
            assertThat(get(uri, "/health").statusCode()).isEqualTo(200);
            var answer = execute(uri, "{\"command\": [\"sh\", \"-c\", \"echo $((6*7)); exit 3\"]}");
            assertThat(answer.statusCode()).isEqualTo(200);
            assertThat(answer.body()).contains("\"exit_code\":3").contains("\"stdout\":\"42\\n\"").contains("\"runtime\":\"native\"");
            server.terminate();
            assertThat(server.await(Duration.ofSeconds(40)).exitCode()).isZero();
            assertThat(server.stderr()).contains("stopping").contains("stopped");
        }
    }

    @Test
    void letsRunningCommandsFinishBeforeItStops() throws Exception {
        try (var server = Launcher.start(Map.of(), "serve", "--addr", "127.0.0.1:0")) {
            var uri = ready(server);
            var answer = client.sendAsync(request(uri, "{\"command\": \"echo begun; sleep 3; echo done\"}"),
                    HttpResponse.BodyHandlers.ofString());
            Awaitility.await().atMost(Duration.ofSeconds(10))
                    .until(() -> get(uri, "/api/v1/executions?state=running").body().contains("\"running\""));
            server.terminate();
            assertThat(answer.join().body()).contains("begun\\ndone\\n");
            assertThat(server.await(Duration.ofSeconds(40)).exitCode()).isZero();
        }
    }

    @Test
    void aKilledGatewayLeavesNothingAfterTheNextStart() throws Exception {
        String id;
        try (var server = Launcher.start(Map.of(), "serve", "--addr", "127.0.0.1:0")) {
            var uri = ready(server);
            client.sendAsync(request(uri, "{\"command\": \"sleep 300\", \"timeout_ms\": 400000}"),
                    HttpResponse.BodyHandlers.discarding());
            id = Awaitility.await().atMost(Duration.ofSeconds(10)).until(() -> runningId(uri), found -> !found.isEmpty());
            server.kill();
        }
        try (var server = Launcher.start(Map.of(), "serve", "--addr", "127.0.0.1:0")) {
            var uri = ready(server);
            assertThat(get(uri, "/api/v1/executions/" + id).body()).contains("\"state\":\"failed\"");
            server.terminate();
            assertThat(server.await(Duration.ofSeconds(40)).exitCode()).isZero();
        }
    }

    @Test
    void refusesToListenToTheWorldWithoutAKey() throws Exception {
        var result = Launcher.run("serve", "--addr", "0.0.0.0:0");
        assertThat(result.exitCode()).isEqualTo(1);
        assertThat(result.stderr()).contains("without an API key");
    }

    @Test
    void refusesAVariableItDoesNotKnow() throws Exception {
        try (var server = Launcher.start(Map.of("FAAS_LOG_LEVLE", "debug"), "serve")) {
            var result = server.await(Duration.ofSeconds(60));
            assertThat(result.exitCode()).isEqualTo(1);
            assertThat(result.stderr()).contains("did you mean 'FAAS_LOG_LEVEL'?");
        }
    }

    @Test
    void logsJsonAndNeverWhatGuestsSay() throws Exception {
        try (var server = Launcher.start(Map.of("FAAS_LOG_LEVEL", "debug"), "serve", "--addr", "127.0.0.1:0")) {
            var uri = ready(server);
            execute(uri, "{\"command\": \"echo pa55word; echo pa55word >&2\"}");
            server.terminate();
            server.await(Duration.ofSeconds(40));
            assertThat(server.stderr()).doesNotContain("pa55word\\n").doesNotContain("pa55word\n");
            assertThat(server.stderr().lines()).allSatisfy(line -> assertThat(line).startsWith("{").endsWith("}"));
        }
    }

    private static URI ready(Running server) {
        return Awaitility.await().atMost(Duration.ofSeconds(60)).until(() -> {
            var matcher = URI_IN_LOG.matcher(server.stderr());
            return matcher.find() ? URI.create("http://" + matcher.group(1)) : null;
        }, uri -> uri != null);
    }

    private HttpResponse<String> get(URI uri, String path) throws IOException, InterruptedException {
        return client.send(HttpRequest.newBuilder(uri.resolve(path)).build(), HttpResponse.BodyHandlers.ofString());
    }

    private HttpResponse<String> execute(URI uri, String body) throws IOException, InterruptedException {
        return client.send(request(uri, body), HttpResponse.BodyHandlers.ofString());
    }

    private static HttpRequest request(URI uri, String body) {
        return HttpRequest.newBuilder(uri.resolve("/api/v1/execute"))
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(body))
                .build();
    }

    private String runningId(URI uri) throws IOException, InterruptedException {
        var matcher = Pattern.compile("\"request_id\":\"(exe_[^\"]+)\"").matcher(get(uri, "/api/v1/executions?state=running").body());
        return matcher.find() ? matcher.group(1) : "";
    }
}
