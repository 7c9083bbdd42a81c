package dev.faas.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.faas.core.pool.PoolConfig;
import dev.faas.gateway.http.GatewayConfig;
import java.net.http.HttpRequest.BodyPublishers;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What is kept ready, asked for and seen over HTTP.
final class PoolsTest {

    private static final String POOLS = "/api/v1/pools";
    private static final String PREWARM = "/api/v1/prewarm";

    private final GatewayFixture fixture = new GatewayFixture(GatewayConfig.DEFAULT, PoolConfig.DEFAULT);

    @AfterEach
    void close() {
        fixture.close();
    }

    @Test
    void anAnswerSaysThatItsSandboxWasReady() {
        fixture.post(200, PREWARM, "{\"count\": 2, \"wait_ms\": 60000}");

        var answer = fixture.execute(200, "{\"command\": \"echo x\"}");

        assertThat(answer.body().get("pooled").booleanValue()).isTrue();
        assertThat(answer.body().get("origin").stringValue()).isEqualTo("pooled");
        // Counted a moment after the answer.
        await().untilAsserted(() -> assertThat(fixture.get(200, "/metrics").text())
                .contains("faas_pool_hits_total{runtime=\"native\"} 1.0")
                .contains("faas_pool_refill_seconds_count{runtime=\"native\"}")
                .contains("faas_sandbox_starts_total{origin=\"pooled\",runtime=\"native\"} 1.0")
                .contains("faas_coldstarts_total{runtime=\"native\"} 0.0"));
    }

    @Test
    void oneThatIsMadeOnDemandIsNotCalledPooled() {
        var answer = fixture.execute(200, "{\"command\": \"echo x\"}");

        assertThat(answer.body().get("pooled").booleanValue()).isFalse();
        assertThat(answer.body().get("origin").stringValue()).isEqualTo("cold");
    }

    @Test
    void listsPoolsWithTheirNumbers() {
        fixture.post(200, PREWARM, "{\"count\": 1, \"memory_mb\": 64, \"wait_ms\": 60000}");
        fixture.execute(200, "{\"command\": \"echo x\", \"memory_mb\": 64}");

        await().untilAsserted(() -> {
            var list = fixture.get(200, POOLS).body();
            assertThat(list.get("max_sandboxes").intValue()).isEqualTo(PoolConfig.DEFAULT.maxSandboxes());
            assertThat(list.get("prewarmings").size()).isEqualTo(1);
            var pool = list.get("pools").get(0);
            assertThat(pool.get("image").stringValue()).isEqualTo("faas/base");
            assertThat(pool.get("memory_mb").intValue()).isEqualTo(64);
            assertThat(pool.get("hits").intValue()).isEqualTo(1);
            assertThat(pool.get("misses").intValue()).isZero();
            assertThat(pool.get("hit_rate").doubleValue()).isEqualTo(1);
            assertThat(pool.get("prewarmed").intValue()).isEqualTo(1);
            assertThat(pool.get("available").intValue()).isEqualTo(1);
            assertThat(pool.get("in_use").intValue()).isZero();
            assertThat(pool.get("refills").intValue()).isEqualTo(2);
        });
    }

    @Test
    void answersAtOnceUnlessToldToWait() {
        var started = fixture.post(202, PREWARM, "{\"count\": 3}").body();

        assertThat(started.get("id").stringValue()).startsWith("pw_");
        assertThat(started.get("count").intValue()).isEqualTo(3);
        await().until(() -> fixture.get(200, POOLS).body().get("prewarmings").get(0).get("ready").booleanValue());
    }

    @Test
    void anOrderCanBeEndedByIdOrByCountZero() {
        var first = fixture.post(202, PREWARM, "{\"count\": 1}").body().get("id").stringValue();
        fixture.post(202, PREWARM, "{\"count\": 1, \"processes\": 7}");

        fixture.call(200, "DELETE", PREWARM + "/" + first, BodyPublishers.noBody());
        fixture.post(200, PREWARM, "{\"count\": 0, \"processes\": 7}");

        assertThat(fixture.get(200, POOLS).body().get("prewarmings").isEmpty()).isTrue();
        fixture.call(404, "DELETE", PREWARM + "/" + first, BodyPublishers.noBody());
        fixture.post(404, PREWARM, "{\"count\": 0, \"processes\": 7}");
        await().until(() -> fixture.driver.list().isEmpty());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '^', value = {
        "{} | 422 | count",
        "{\"count\": -1} | 422 | count",
        "{\"count\": 9} | 422 | count",
        "{\"count\": \"2\"} | 422 | count",
        "{\"count\": 1, \"ttl_ms\": 10} | 422 | ttl_ms",
        "{\"count\": 1, \"wait_ms\": 3600000} | 422 | wait_ms",
        "{\"count\": 1, \"command\": \"true\"} | 422 | command",
        "{\"count\": 1, \"image\": \"UPPER CASE\"} | 422 | image",
        "{\"count\": 1, \"image\": \"nobody/has-it\"} | 422 | nobody/has-it",
        "{\"count\": 1, \"runtime\": \"docker\"} | 422 | docker",
        "{\"count\": 1, \"network\": {\"mode\": \"bridge\"}} | 422 | mode",
        "[] | 422 | object",
        "{\"count\": | 400 | malformed_json",
    })
    void saysWhatIsWrong(String body, int status, String words) {
        assertThat(fixture.post(status, PREWARM, body).text()).contains(words);
        assertThat(fixture.driver.created()).isZero();
    }

    @Test
    void promisesNoMoreThanItMayKeep() {
        fixture.post(202, PREWARM, "{\"count\": 8}");
        fixture.post(202, PREWARM, "{\"count\": 8, \"processes\": 7}");

        assertThat(fixture.post(429, PREWARM, "{\"count\": 1, \"processes\": 8}").body().get("code").stringValue())
                .isEqualTo("capacity_exhausted");
    }

    @Test
    void aServerWithoutPoolsSaysSo() {
        try (var off = new GatewayFixture()) {
            assertThat(off.post(409, PREWARM, "{\"count\": 1}").text()).contains("pool.max-sandboxes");
            assertThat(off.get(200, POOLS).body().get("max_sandboxes").intValue()).isZero();
        }
    }

    @Test
    void manyCallersGetASandboxEach() throws InterruptedException {
        fixture.post(200, PREWARM, "{\"count\": 4, \"wait_ms\": 60000}");
        var threads = List.of(1, 2, 3, 4, 5, 6, 7, 8).stream()
                .map(number -> Thread.startVirtualThread(
                        () -> fixture.execute(200, "{\"command\": \"echo " + number + "\"}")))
                .toList();
        for (var thread : threads) {
            assertThat(thread.join(Duration.ofMinutes(1))).isTrue();
        }
        await().until(() -> {
            var pool = fixture.get(200, POOLS).body().get("pools").get(0);
            return pool.get("hits").intValue() + pool.get("misses").intValue() == 8;
        });
    }
}
