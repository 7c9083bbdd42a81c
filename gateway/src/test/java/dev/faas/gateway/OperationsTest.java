package dev.faas.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.faas.core.sandbox.DriverStatus;
import java.net.http.HttpRequest.BodyPublishers;
import java.time.Duration;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// Health, readiness, metrics, runtimes, images, and the end.
class OperationsTest {

    private final GatewayFixture fixture = new GatewayFixture();

    @AfterEach
    void close() {
        fixture.close();
    }

    @Test
    void healthIsWhatIsSo() {
        var healthy = fixture.get(200, "/health");
        assertThat(healthy.string("status")).isEqualTo("healthy");
        assertThat(healthy.body().get("docker").booleanValue()).isFalse();

        fixture.driver.setStatus(DriverStatus.unavailable("the spawner is gone", "restart"));
        // What was found last is kept for a second.
        await().untilAsserted(() -> fixture.get(503, "/health"));
        var sick = fixture.get(503, "/health");
        assertThat(sick.string("status")).isEqualTo("unhealthy");
        assertThat(sick.text()).contains("the spawner is gone");
        assertThat(fixture.get(503, "/ready").string("reason")).isEqualTo("no runtime is available");
    }

    @Test
    void healthLooksAtTheStore() {
        fixture.repository.setAway(true);

        await().untilAsserted(
                        () -> assertThat(fixture.get(503, "/health").text()).contains("\"store\",\"healthy\":false"));
    }

    @Test
    void listsRuntimes() {
        var runtime = fixture.get(200, "/api/v1/runtimes").body().at("/runtimes/0");

        assertThat(runtime.get("name").stringValue()).isEqualTo("native");
        assertThat(runtime.get("available").booleanValue()).isTrue();
        assertThat(Contract.names(runtime.get("capabilities"))).contains("exec", "memory_limit");
    }

    @Test
    void countsWhatItDid() {
        assertThat(fixture.get(200, "/api/v1/metrics/detailed")
                        .body()
                        .at("/performance/p99_latency_ms")
                        .isNull())
                .isTrue();
        for (int i = 0; i < 5; i++) {
            fixture.execute(200, "{\"command\": \"true\"}");
        }
        fixture.execute(200, "{\"command\": \"sleep 9\", \"timeout_ms\": 50}");
        fixture.execute(422, "{\"command\": \"true\", \"image\": \"no/such\"}");

        var summary = fixture.get(200, "/api/v1/metrics").body();
        assertThat(summary.get("total_requests").longValue()).isEqualTo(7);
        assertThat(summary.get("native_executions").longValue()).isEqualTo(6);
        assertThat(summary.get("timed_out_executions").longValue()).isEqualTo(1);
        assertThat(summary.get("failed_executions").longValue()).isEqualTo(1);
        var performance = fixture.get(200, "/api/v1/metrics/detailed").body().get("performance");
        assertThat(performance.get("max_latency_ms").doubleValue()).isGreaterThan(49);
        assertThat(performance.get("p50_latency_ms").doubleValue())
                .isPositive()
                .isLessThan(performance.get("p99_latency_ms").doubleValue());
        assertThat(fixture.get(200, "/api/v1/metrics/detailed")
                        .body()
                        .at("/runtimes/firecracker/available")
                        .booleanValue())
                .isFalse();
    }

    @Test
    void tellsPrometheus() {
        fixture.execute(200, "{\"command\": \"true\"}");
        fixture.execute(422, "{\"command\": \"true\", \"image\": \"no/such\"}");

        var text = fixture.get(200, "/metrics").text();

        assertThat(text)
                .contains("faas_executions_total{image=\"faas/base\",runtime=\"native\",status=\"completed\"} 1.0")
                .contains("faas_executions_total{image=\"no/such\",runtime=\"none\",status=\"failed\"} 1.0")
                .contains("faas_errors_total{code=\"image_not_found\"} 1.0")
                .contains("faas_execution_duration_seconds_bucket{runtime=\"native\"")
                .contains("faas_invoke_duration_seconds_count{runtime=\"native\"} 1")
                .contains("faas_init_duration_seconds_count{runtime=\"native\"} 1")
                .contains("faas_runtime_available{runtime=\"native\"} 1.0")
                .contains("faas_runtime_available{runtime=\"docker\"} 0.0")
                .contains("faas_execution_queue_depth 0.0")
                .containsPattern("faas_memory_usage_percent \\d")
                .containsPattern("faas_disk_usage_percent \\d")
                .contains("http_server_request_duration_seconds_count{http_request_method=\"POST\","
                        + "http_response_status_code=\"200\",http_route=\"/api/v1/execute\"} 1");
    }

    @Test
    void managesImages() {
        assertThat(fixture.get(200, "/api/v1/images").body().get("images")).hasSize(1);
        assertThat(fixture.post(200, "/api/v1/images", "{\"image\": \"team/tool:1\"}")
                        .string("digest"))
                .startsWith("sha256:");
        assertThat(fixture.post(422, "/api/v1/images", "{\"image\": \"absent/x\"}")
                        .string("code"))
                .isEqualTo("image_not_found");
        fixture.post(422, "/api/v1/images", "{\"image\": \"Bad Name\"}");
        fixture.post(422, "/api/v1/images", "{}");
        fixture.delete(204, "/api/v1/images?image=team/tool:1");
        fixture.delete(404, "/api/v1/images?image=team/tool:1");
        fixture.delete(422, "/api/v1/images");
        assertThat(fixture.post(200, "/api/v1/images/prune", "")
                        .body()
                        .get("bytes")
                        .longValue())
                .isEqualTo(4096);
    }

    @Test
    void importsAnArchive() {
        var archive = new byte[3_000_000];
        var answer = fixture.call(
                200,
                "POST",
                "/api/v1/images/import?image=team/in",
                BodyPublishers.ofByteArray(archive),
                "Content-Type",
                "application/x-tar");
        assertThat(answer.body().at("/images/0/size_bytes").longValue()).isEqualTo(archive.length);

        fixture.call(
                422,
                "POST",
                "/api/v1/images/import",
                BodyPublishers.ofByteArray(archive),
                "Content-Type",
                "application/x-tar");
        fixture.call(
                415,
                "POST",
                "/api/v1/images/import?image=a",
                BodyPublishers.ofByteArray(archive),
                "Content-Type",
                "text/plain");
    }

    @Test
    void streamsProgress() {
        var frames = fixture.post(200, "/api/v1/images", "{\"image\": \"team/tool\"}", "Accept", "application/x-ndjson")
                .text()
                .lines()
                .map(line -> Contract.JSON.readTree(line).get("type").stringValue())
                .toList();

        assertThat(frames).containsExactly("progress", "progress", "result");
        fixture.post(422, "/api/v1/images", "{\"image\": \"absent/x\"}", "Accept", "application/x-ndjson");
    }

    @Test
    void drainsBeforeItCloses() throws Exception {
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var running = threads.submit(
                    () -> fixture.execute(200, "{\"command\": \"echo a; sleep 9\", \"timeout_ms\": 800}"));
            await().until(() -> fixture.engine.status().running() == 1);

            var drained = threads.submit(() -> fixture.gateway.drain(Duration.ofSeconds(20)));
            await().until(() -> !fixture.engine.status().accepting());

            assertThat(fixture.get(503, "/ready").string("reason")).isEqualTo("the server is shutting down");
            var refused = fixture.execute(503, "{\"command\": \"true\"}");
            assertThat(refused.string("code")).isEqualTo("shutting_down");
            assertThat(running.get().string("stdout")).isEqualTo("a\n");
            assertThat(drained.get()).isTrue();
        }
    }
}
