package dev.faas.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.faas.api.ExecuteRequest;
import dev.faas.testkit.service.PostgresServer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// The database goes away and returns while the gateway serves.
@Timeout(120)
class DatabaseOutageIT {

    private static final Duration PATIENCE = Duration.ofSeconds(40);

    @TempDir
    Path directory;

    @Test
    void saysThatItsDatabaseIsAwayAndGoesOnWhenItIsBack() throws Exception {
        var data = PlatformProcess.dataDirectory(directory);
        try (var database = PostgresServer.start();
                var platform = PlatformProcess.start(
                        data, Map.of("FAAS_DB_URL", database.jdbcUrl(), "DB_USER", database.user()))) {
            var before = platform.client().execute(ExecuteRequest.shell("echo before").label("test", "kept").build());
            assertThat(platform.wire().get(200, "/health").text()).contains("store");
            await().atMost(PATIENCE).until(() ->
                    platform.client().get(before.requestId()).state().equals("completed"));

            database.kill();

            await().atMost(PATIENCE).untilAsserted(() -> {
                var sick = platform.wire().get(503, "/health");
                assertThat(sick.string("status")).isEqualTo("unhealthy");
                assertThat(sick.text()).contains("\"store\",\"healthy\":false");
            });
            var refused = platform.wire().execute(503, Map.of("command", "true"), "Prefer", "respond-async");
            assertThat(refused.string("code")).isEqualTo("store_unavailable");
            assertThat(refused.json().get("retryable").booleanValue()).isTrue();
            // Nothing is promised to a caller who waits but the answer.
            var meanwhile = platform.client().execute(ExecuteRequest.shell("echo meanwhile").build());
            assertThat(meanwhile.stdout()).isEqualTo("meanwhile\n");

            database.resume();

            await().atMost(PATIENCE).untilAsserted(() -> platform.wire().get(200, "/health"));
            await().atMost(PATIENCE).ignoreExceptions().until(() ->
                    platform.client().get(meanwhile.requestId()).state().equals("completed"));
            assertThat(platform.client().get(before.requestId()).state()).isEqualTo("completed");
            var accepted = platform.client().executeAsync(ExecuteRequest.shell("echo after").build());
            await().atMost(PATIENCE).until(() -> platform.client().get(accepted.requestId()).finished());
        }
    }
}
