package dev.faas.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// Records: in the background, listed, cancelled, repeated.
class ExecutionsTest {

    private final GatewayFixture fixture = new GatewayFixture();

    @AfterEach
    void close() {
        fixture.close();
    }

    private String state(String id) {
        return fixture.get(200, "/api/v1/executions/" + id).string("state");
    }

    private String submit(String body) {
        var answer = fixture.execute(202, body, "Prefer", "respond-async");
        assertThat(answer.header("Preference-Applied")).isEqualTo("respond-async");
        assertThat(answer.header("Location")).isEqualTo("/api/v1/executions/" + answer.string("request_id"));
        return answer.string("request_id");
    }

    @Test
    void runsInTheBackground() {
        var id = submit("""
            {"command": "echo later; exit 3", "labels": {"team": "a"}}\
            """);

        await().until(() -> state(id).equals("completed"));
        var execution = fixture.get(200, "/api/v1/executions/" + id).body();
        assertThat(execution.at("/result/stdout").stringValue()).isEqualTo("later\n");
        assertThat(execution.at("/result/exit_code").intValue()).isEqualTo(3);
        assertThat(execution.at("/labels/team").stringValue()).isEqualTo("a");
        assertThat(execution.at("/command/2").stringValue()).isEqualTo("echo later; exit 3");
    }

    @Test
    void waitsAsLongAsAskedForTheEnd() {
        var done = fixture.execute(200, """
            {"command": "echo soon"}\
            """, "Prefer", "respond-async, wait=60");
        assertThat(done.string("stdout")).isEqualTo("soon\n");
        assertThat(done.header("Preference-Applied")).isEqualTo("respond-async, wait=60");
        assertThat(done.header("Location")).isEmpty();
        assertThat(state(done.string("request_id"))).isEqualTo("completed");

        for (var wish : List.of("wait=0", "wait=1", "respond-async, wait=1")) {
            var later = fixture.execute(202, """
                {"command": "sleep 60", "timeout_ms": 60000}\
                """, "Prefer", wish);
            assertThat(later.header("Preference-Applied")).isEqualTo(wish);
            assertThat(later.header("Location")).isEqualTo("/api/v1/executions/" + later.string("request_id"));
            fixture.delete(200, later.header("Location"));
        }
    }

    @Test
    void answersWhatFailsWithinTheWaitAsIfItHadWaitedForTheEnd() {
        var refused = fixture.execute(422, """
            {"command": "true", "image": "no/such"}\
            """, "Prefer", "wait=60");
        assertThat(refused.string("code")).isEqualTo("image_not_found");
    }

    @Test
    void ignoresPreferencesItCanNotRead() {
        var answer = fixture.execute(200, """
            {"command": "echo done"}\
            """, "Prefer", "wait=soon, handling=strict");
        assertThat(answer.header("Preference-Applied")).isEmpty();
    }

    @Test
    void repeatsTheAnswerOfAWaitForItsKey() {
        var body = """
            {"command": "sleep 60", "timeout_ms": 60000}\
            """;
        var first = fixture.execute(202, body, "Prefer", "wait=0", "Idempotency-Key", "w1");
        var second = fixture.execute(202, body, "Prefer", "wait=0", "Idempotency-Key", "w1");

        assertThat(second.text()).isEqualTo(first.text());
        assertThat(second.header("Location")).isEqualTo(first.header("Location")).isNotEmpty();
        fixture.delete(200, first.header("Location"));
    }

    @Test
    void recordsAFailureOfThePlatform() {
        var id = submit("""
            {"command": "true", "image": "no/such"}\
            """);

        await().until(() -> state(id).equals("failed"));
        var execution = fixture.get(200, "/api/v1/executions/" + id);
        assertThat(execution.string("error_code")).isEqualTo("image_not_found");
        assertThat(execution.string("error_detail")).isNotEmpty();
    }

    @Test
    void cancelsWhatRuns() {
        var id = submit("""
            {"command": "echo begun; sleep 60"}\
            """);
        await().until(() -> state(id).equals("running"));

        var cancelled = fixture.delete(200, "/api/v1/executions/" + id);

        assertThat(cancelled.string("state")).isEqualTo("cancelled");
        assertThat(fixture.delete(409, "/api/v1/executions/" + id).string("code"))
                .isEqualTo("conflict");
        assertThat(fixture.delete(404, "/api/v1/executions/exe_none").string("code"))
                .isEqualTo("not_found");
    }

    @Test
    void listsByPagesAndFilters() {
        var ids = new ArrayList<String>();
        for (int i = 0; i < 7; i++) {
            ids.addFirst(fixture.execute(200, """
                {"command": "exit %d", "labels": {"parity": "%s"}}\
                """.formatted(i, i % 2 == 0 ? "even" : "odd"))
                    .string("request_id"));
        }

        var found = new ArrayList<String>();
        var cursor = "";
        do {
            var page = fixture.get(200, "/api/v1/executions?limit=3" + cursor).body();
            page.get("executions").forEach(execution -> {
                found.add(execution.get("request_id").stringValue());
                assertThat(execution.at("/result/stdout").isNull()).isTrue();
            });
            cursor = page.get("next_cursor").isNull()
                    ? ""
                    : "&cursor=" + page.get("next_cursor").stringValue();
        } while (!cursor.isEmpty());

        assertThat(found).isEqualTo(ids);
        assertThat(fixture.get(200, "/api/v1/executions?label=parity=odd")
                        .body()
                        .get("executions"))
                .hasSize(3);
        assertThat(fixture.get(200, "/api/v1/executions?state=failed").body().get("executions"))
                .isEmpty();
        assertThat(fixture.get(200, "/api/v1/executions?image=faas/base&created_after=2000-01-01T00:00:00Z")
                        .body()
                        .get("executions"))
                .hasSize(7);
    }

    @Test
    void repeatsAnAnswerForItsKey() {
        var body = """
            {"command": "echo once"}\
            """;
        var first = fixture.execute(200, body, "Idempotency-Key", "k1");
        var second = fixture.execute(200, body, "Idempotency-Key", "k1");

        assertThat(second.text()).isEqualTo(first.text());
        assertThat(first.header("Idempotency-Replayed")).isEmpty();
        assertThat(second.header("Idempotency-Replayed")).isEqualTo("true");
        assertThat(fixture.driver.created()).isEqualTo(1);
        assertThat(fixture.execute(422, "{\"command\": \"echo twice\"}", "Idempotency-Key", "k1")
                        .string("code"))
                .isEqualTo("idempotency_mismatch");
    }

    @Test
    void saysThatAKeyIsAtWork() throws Exception {
        var inside = new CountDownLatch(1);
        var goOn = new CountDownLatch(1);
        fixture.driver.onCreate(_ -> {
            inside.countDown();
            awaitLatch(goOn);
        });
        var body = """
            {"command": "echo once"}\
            """;
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var first = threads.submit(() -> fixture.execute(200, body, "Idempotency-Key", "k1"));
            awaitLatch(inside);

            var second = fixture.execute(409, body, "Idempotency-Key", "k1");

            assertThat(second.string("code")).isEqualTo("idempotency_in_progress");
            assertThat(second.header("Retry-After")).isEqualTo("1");
            goOn.countDown();
            assertThat(first.get().string("stdout")).isEqualTo("once\n");
        }
    }

    @Test
    void givesAKeyBackAfterAFailureOfThePlatform() {
        var body = """
            {"command": "true", "image": "team/tool"}\
            """;
        fixture.execute(422, body, "Idempotency-Key", "k2");
        fixture.driver.addImage("team/tool", dev.faas.core.image.Image.Config.EMPTY);

        fixture.execute(200, body, "Idempotency-Key", "k2");
    }

    @Test
    void acceptsAKeyInTheBackgroundToo() {
        var body = """
            {"command": "true"}\
            """;
        var first = fixture.execute(202, body, "Prefer", "respond-async", "Idempotency-Key", "k3");
        var second = fixture.execute(202, body, "Prefer", "respond-async", "Idempotency-Key", "k3");

        assertThat(second.text()).isEqualTo(first.text());
        assertThat(second.header("Location"))
                .isEqualTo(first.header("Location"))
                .isNotEmpty();
        assertThat(fixture.execute(422, body, "Idempotency-Key", "k3").string("code"))
                .as("the same body for another operation")
                .isEqualTo("idempotency_mismatch");
    }

    @Test
    void runsABatchWithPartialFailure() {
        var answer = fixture.post(200, "/api/v1/execute/batch", """
            {"max_parallel": 2, "requests": [
              {"command": "echo one"}, {"command": "exit 4"}, {"comand": "echo typo"},
                  {"command": "true", "image": "no/such"}]}\
            """).body();

        assertThat(answer.get("succeeded").intValue()).isEqualTo(2);
        assertThat(answer.get("failed").intValue()).isEqualTo(2);
        assertThat(answer.at("/results/0/result/stdout").stringValue()).isEqualTo("one\n");
        assertThat(answer.at("/results/1/result/exit_code").intValue()).isEqualTo(4);
        assertThat(answer.at("/results/2/error/code").stringValue()).isEqualTo("validation_failed");
        assertThat(answer.at("/results/2/status").intValue()).isEqualTo(422);
        assertThat(answer.at("/results/3/error/code").stringValue()).isEqualTo("image_not_found");
    }

    @Test
    void boundsABatch() {
        fixture.post(422, "/api/v1/execute/batch", "{\"requests\": []}");
        fixture.post(422, "/api/v1/execute/batch", "{\"requests\": [], \"max_parallel\": 0}");
        fixture.post(422, "/api/v1/execute/batch", "{\"request\": []}");
        var tooMany = "{\"requests\": [" + String.join(",", java.util.Collections.nCopies(101, "{}")) + "]}";
        assertThat(fixture.post(422, "/api/v1/execute/batch", tooMany).text()).contains("at most 100");
    }

    @Test
    void repeatsABatchForItsKey() {
        var body = """
            {"requests": [{"command": "echo one"}, {"command": "echo two"}]}\
            """;
        var first = fixture.post(200, "/api/v1/execute/batch", body, "Idempotency-Key", "b1");
        var second = fixture.post(200, "/api/v1/execute/batch", body, "Idempotency-Key", "b1");

        assertThat(List.of(second.text())).containsExactly(first.text());
        assertThat(fixture.driver.created()).isEqualTo(2);
    }

    private static void awaitLatch(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
