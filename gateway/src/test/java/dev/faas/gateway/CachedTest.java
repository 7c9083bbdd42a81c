package dev.faas.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.faas.gateway.GatewayFixture.Answer;
import dev.faas.gateway.auth.ApiKey;
import dev.faas.gateway.http.GatewayConfig;
import java.security.SecureRandom;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/// The mode `cached`, in every way an execution can be asked for.
class CachedTest {

    private static final String TICKET = """
            {"command": ["ticket"], "mode": "cached"}\
            """;

    private final AtomicInteger runs = new AtomicInteger();
    private final GatewayFixture fixture = withTickets(new GatewayFixture());

    @AfterEach
    void close() {
        fixture.close();
    }

    private GatewayFixture withTickets(GatewayFixture made) {
        made.driver.addProgram("ticket", context -> {
            context.print("number " + runs.incrementAndGet());
            return 0;
        });
        made.driver.addProgram("failing", context -> {
            runs.incrementAndGet();
            return 3;
        });
        return made;
    }

    private void awaitEntries(int count) {
        await().until(() -> fixture.get(200, "/api/v1/cache").body().get("entries").intValue() == count);
    }

    @Test
    void saysWhereTheResultCameFrom() {
        var miss = fixture.execute(200, TICKET);
        assertThat(miss.string("cache")).isEqualTo("miss");
        assertThat(miss.body().get("cached_from").isNull()).isTrue();
        assertThat(miss.string("origin")).isEqualTo("cold");
        awaitEntries(1);

        var hit = fixture.execute(200, TICKET);
        assertThat(hit.string("cache")).isEqualTo("hit");
        assertThat(hit.string("cached_from")).isEqualTo(miss.string("request_id"));
        assertThat(hit.string("request_id")).isNotEqualTo(miss.string("request_id"));
        assertThat(hit.string("stdout")).isEqualTo("number 1\n");
        assertThat(hit.string("origin")).isEqualTo("none");
        assertThat(hit.body().get("pooled").booleanValue()).isFalse();
        assertThat(hit.body().get("duration_ms").longValue()).isZero();
        assertThat(hit.body().at("/phases/run_ms").doubleValue()).isZero();
        assertThat(hit.body().at("/phases/total_ms").doubleValue()).isPositive();
        assertThat(fixture.execute(200, """
                {"command": "echo hello"}\
                """).body().get("cache").isNull()).isTrue();
    }

    @Test
    void everyHitHasItsRecord() {
        fixture.execute(200, TICKET);
        awaitEntries(1);
        var hit = fixture.execute(200, TICKET);

        var found = fixture.get(200, "/api/v1/executions/" + hit.string("request_id")).body();
        assertThat(found.get("mode").stringValue()).isEqualTo("cached");
        assertThat(found.get("started_at").isNull()).isTrue();
        assertThat(found.at("/result/cache").stringValue()).isEqualTo("hit");
        assertThat(found.at("/result/stdout").stringValue()).isEqualTo("number 1\n");
        var listed = fixture.get(200, "/api/v1/executions").body().get("executions");
        assertThat(listed.get(0).at("/result/cache").stringValue()).isEqualTo("hit");
        assertThat(listed.get(0).at("/result/cached_from")).isEqualTo(found.at("/result/cached_from"));
    }

    @Test
    void worksUnderTheOlderName() {
        fixture.post(200, "/api/v1/execute/advanced", TICKET);
        awaitEntries(1);

        assertThat(fixture.execute(200, TICKET).string("cache")).isEqualTo("hit");
        assertThat(fixture.post(200, "/api/v1/execute/advanced", "{\"command\": \"echo x\"}").string("stdout"))
                .isEqualTo("x\n");
    }

    @Test
    void streamsWhatIsKnown() {
        fixture.execute(200, TICKET);
        awaitEntries(1);

        var frames = fixture.execute(200, TICKET, "Accept", "application/x-ndjson")
                .text()
                .lines()
                .map(Contract.JSON::readTree)
                .toList();
        frames.forEach(frame -> GatewayFixture.CONTRACT.assertMatches("StreamFrame", frame));
        assertThat(frames).extracting(frame -> frame.get("type").stringValue()).containsExactly("started", "stdout", "result");
        assertThat(frames.get(0).get("sandbox_id").isNull()).isTrue();
        assertThat(frames.get(1).get("data").stringValue()).isEqualTo("number 1\n");
        assertThat(frames.get(2).at("/result/cache").stringValue()).isEqualTo("hit");
        assertThat(frames.get(2).at("/result/request_id")).isEqualTo(frames.get(0).get("request_id"));
    }

    @Test
    void worksInTheBackground() {
        fixture.execute(200, TICKET);
        awaitEntries(1);

        var accepted = fixture.execute(202, TICKET, "Prefer", "respond-async");
        var place = accepted.header("Location");
        await().until(() -> fixture.get(200, place).string("state").equals("completed"));
        assertThat(fixture.get(200, place).body().at("/result/cache").stringValue()).isEqualTo("hit");
        assertThat(fixture.get(200, place).body().at("/result/stdout").stringValue()).isEqualTo("number 1\n");
    }

    @Test
    void worksInBatches() {
        var batch = fixture.post(200, "/api/v1/execute/batch", "{\"requests\": [" + TICKET + "," + TICKET + "," + TICKET + "]}");

        for (var item : batch.body().get("results")) {
            assertThat(item.at("/result/stdout").stringValue()).isEqualTo("number 1\n");
        }
        assertThat(batch.body().get("results").findValuesAsString("cache")).containsOnlyOnce("miss");
        assertThat(runs).hasValue(1);
    }

    @Test
    void anIdempotencyKeyRepeatsTheAnswerAsItWas() {
        var first = fixture.execute(200, TICKET, "Idempotency-Key", "once");
        awaitEntries(1);
        var second = fixture.execute(200, TICKET, "Idempotency-Key", "once");

        assertThat(second.header("Idempotency-Replayed")).isEqualTo("true");
        assertThat(second.text()).isEqualTo(first.text());
        assertThat(fixture.execute(200, TICKET, "Idempotency-Key", "twice").string("cache")).isEqualTo("hit");
    }

    @Test
    void runsAnewWhenAskedTo() {
        fixture.execute(200, TICKET);
        awaitEntries(1);

        assertThat(fixture.execute(200, TICKET, "Cache-Control", "max-age=0, No-Cache").string("stdout"))
                .isEqualTo("number 2\n");
        assertThat(fixture.execute(200, ticket(Map.of("cache_refresh", true))).string("stdout")).isEqualTo("number 3\n");
        assertThat(fixture.execute(200, "{\"command\": \"echo x\"}", "Cache-Control", "no-cache").string("stdout"))
                .as("has no meaning in another mode")
                .isEqualTo("x\n");
    }

    @Test
    void honoursEveryFieldOfTheMode() {
        assertThat(fixture.execute(200, ticket(Map.of("cache_key", "a"))).string("cache")).isEqualTo("miss");
        assertThat(fixture.execute(200, ticket(Map.of("cache_key", "b"))).string("cache")).isEqualTo("miss");
        awaitEntries(2);
        assertThat(fixture.execute(200, ticket(Map.of("cache_key", "a"))).string("cache")).isEqualTo("hit");

        var failing = GatewayFixture.json(Map.of("command", List.of("failing"), "mode", "cached", "cache_failures", true));
        fixture.execute(200, failing);
        awaitEntries(3);
        assertThat(fixture.execute(200, failing).body().get("exit_code").intValue()).isEqualTo(3);
        assertThat(runs).hasValue(3);

        fixture.execute(200, ticket(Map.of("cache_key", "short", "cache_ttl_ms", 1)));
        await().until(() -> fixture.execute(200, ticket(Map.of("cache_key", "short", "cache_ttl_ms", 1)))
                .string("cache")
                .equals("miss"));
    }

    @Test
    void refusesWhatMakesNoSense() {
        for (var field : Map.of("cache_key", "x", "cache_ttl_ms", 1, "cache_refresh", true, "cache_failures", false).entrySet()) {
            var refused = fixture.execute(
                    422, GatewayFixture.json(Map.of("command", "true", field.getKey(), field.getValue())));
            assertThat(refused.string("code")).isEqualTo("validation_failed");
            assertThat(refused.text()).contains(field.getKey(), "belongs to the mode cached");
        }
        for (var wrong : List.of(
                Map.<String, Object>of("cache_key", ""),
                Map.<String, Object>of("cache_key", "x".repeat(256)),
                Map.<String, Object>of("cache_ttl_ms", 0),
                Map.<String, Object>of("cache_ttl_ms", Long.MAX_VALUE),
                Map.<String, Object>of("cache_refresh", "yes"))) {
            assertThat(fixture.execute(422, ticket(wrong)).text()).contains(wrong.keySet().iterator().next());
        }
        fixture.delete(422, "/api/v1/cache?cache_key=");
        fixture.delete(422, "/api/v1/cache?key=x");
    }

    @Test
    void clearsByKeyAndAsAWhole() {
        for (var key : List.of("a", "b", "c")) {
            fixture.execute(200, ticket(Map.of("cache_key", key)));
        }
        awaitEntries(3);

        assertThat(fixture.delete(200, "/api/v1/cache?cache_key=a").body().get("removed").intValue()).isEqualTo(1);
        assertThat(fixture.execute(200, ticket(Map.of("cache_key", "b"))).string("cache")).isEqualTo("hit");
        assertThat(fixture.delete(200, "/api/v1/cache").body().get("removed").intValue()).isEqualTo(2);
        assertThat(fixture.execute(200, ticket(Map.of("cache_key", "b"))).string("cache")).isEqualTo("miss");
    }

    @Test
    void everyTenantHasItsOwn() {
        var leftKey = ApiKey.generate(new SecureRandom());
        var rightKey = ApiKey.generate(new SecureRandom());
        var keys = List.of(
                ApiKey.parse("left:" + ApiKey.hashOf(leftKey) + ":team-a"),
                ApiKey.parse("right:" + ApiKey.hashOf(rightKey) + ":team-b"));
        try (var guarded = withTickets(new GatewayFixture(GatewayConfig.DEFAULT.withKeys(keys)))) {
            var left = new String[] {"X-API-Key", leftKey};
            var right = new String[] {"X-API-Key", rightKey};
            guarded.execute(200, TICKET, left);
            await().until(() -> guarded.get(200, "/api/v1/cache", left).body().get("entries").intValue() == 1);

            assertThat(guarded.execute(200, TICKET, right).string("cache")).isEqualTo("miss");
            await().until(() -> guarded.get(200, "/api/v1/cache", right).body().get("entries").intValue() == 1);
            assertThat(guarded.delete(200, "/api/v1/cache", right).body().get("removed").intValue()).isEqualTo(1);
            assertThat(guarded.execute(200, TICKET, left).string("cache")).isEqualTo("hit");
            assertThat(guarded.get(200, "/api/v1/cache", left).body().get("hits").intValue()).isEqualTo(1);
            assertThat(guarded.get(200, "/api/v1/cache", right).body().get("hits").intValue()).isZero();
        }
    }

    @Test
    void countsForPeopleAndForPrometheus() {
        fixture.execute(200, TICKET);
        awaitEntries(1);
        fixture.execute(200, TICKET);

        JsonNode found = fixture.get(200, "/api/v1/cache").body();
        assertThat(found.get("hits").intValue()).isEqualTo(1);
        assertThat(found.get("misses").intValue()).isEqualTo(1);
        assertThat(found.get("hit_rate").doubleValue()).isEqualTo(0.5);
        assertThat(found.get("size_bytes").longValue()).isEqualTo("number 1\n".length());
        Answer summary = fixture.get(200, "/api/v1/metrics");
        assertThat(summary.body().get("cache_hits").intValue()).isEqualTo(1);
        assertThat(summary.body().get("native_executions").intValue()).as("only one had a sandbox").isEqualTo(1);
        assertThat(fixture.get(200, "/metrics").text())
                .contains("faas_cache_answers_total{cache=\"hit\"} 1.0")
                .contains("faas_cache_answers_total{cache=\"miss\"} 1.0")
                .contains("faas_cache_answers_total{cache=\"joined\"} 0.0")
                .contains("faas_cache_entries 1.0")
                .contains("faas_cache_size_bytes 9.0")
                .contains("faas_cache_hit_rate 0.5")
                .contains("faas_cache_available 1.0")
                .contains("faas_cache_evictions_total 0.0");
    }

    private static String ticket(Map<String, Object> more) {
        var body = new HashMap<String, Object>(more);
        body.put("command", List.of("ticket"));
        body.put("mode", "cached");
        return GatewayFixture.json(body);
    }
}
