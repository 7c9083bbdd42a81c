package dev.faas.e2e;

import static dev.faas.e2e.WireClient.EXECUTE;
import static dev.faas.e2e.WireClient.EXECUTIONS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.faas.api.BatchRequest;
import dev.faas.api.ExecuteRequest;
import dev.faas.api.StreamFrame;
import dev.faas.sdk.FaasException;
import dev.faas.sdk.ListFilter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// How one talks to the gateway: streams, batches, background work, repetition, ends, pages, ids, metrics.
@Timeout(60)
class ProtocolIT {

    @TempDir
    static Path directory;

    private static HostWatch host;
    private static PlatformProcess platform;

    @BeforeAll
    static void start() {
        var data = PlatformProcess.dataDirectory(directory);
        host = new HostWatch(data);
        // A client that went away is noticed when something is written to it.
        platform = PlatformProcess.start(data, Map.of("FAAS_HTTP_STREAM_HEARTBEAT", "200ms"));
        host.note();
    }

    @AfterAll
    static void stopAndLookForLeftovers() {
        platform.close();
        host.assertRestored();
    }

    private static WireClient wire() {
        return platform.wire();
    }

    @Test
    void streamsBothOutputsBetweenStartAndResult() {
        try (var frames = platform.client().stream(ExecuteRequest.shell("echo one; echo two >&2").build())) {
            var seen = new ArrayList<StreamFrame>();
            frames.forEachRemaining(seen::add);
            assertThat(seen).hasSize(4).first().isInstanceOf(StreamFrame.Started.class);
            assertThat(seen).last().isInstanceOfSatisfying(StreamFrame.Result.class, end ->
                    assertThat(end.result().exitCode()).isZero());
            assertThat(seen.subList(1, 3)).extracting(StreamFrame::type).containsExactlyInAnyOrder("stdout", "stderr");
        }
    }

    @Test
    void theFirstOutputArrivesBeforeTheCommandEnds() {
        var request = ExecuteRequest.shell("echo early; sleep 300").build();
        String id;
        try (var frames = platform.client().stream(request)) {
            id = ((StreamFrame.Started) frames.next()).requestId();
            assertThat(((StreamFrame.Output) frames.next()).data()).isEqualTo("early\n");
        }
        // Closing the stream is giving up.
        await().until(() -> platform.client().get(id).state().equals("cancelled"));
    }

    @Test
    void streamsAsServerSentEventsToo() {
        var answer = wire().execute(200, Map.of("command", "echo hi"), "Accept", "text/event-stream");

        assertThat(answer.header("Content-Type")).startsWith("text/event-stream");
        assertThat(answer.text()).containsSubsequence("event: started", "event: stdout", "hi\\n", "event: result");
    }

    @Test
    void runsABatchInItsOrderWithRefusalsBesideResults() {
        var requests = List.of(
                ExecuteRequest.shell("echo 0").build(),
                ExecuteRequest.shell("exit 7").build(),
                ExecuteRequest.of("true").image("no/such").build());
        var batch = platform.client().batch(new BatchRequest(requests, 2));

        assertThat(batch.succeeded()).isEqualTo(2);
        assertThat(batch.failed()).isEqualTo(1);
        assertThat(batch.results().get(0).result().stdout()).isEqualTo("0\n");
        assertThat(batch.results().get(1).result().exitCode()).isEqualTo(7);
        assertThat(batch.results().get(2).error().code()).isEqualTo("image_not_found");
    }

    @Test
    void runsInTheBackground() {
        var accepted = wire().execute(202, Map.of("command", "echo later"), "Prefer", "respond-async");
        var location = accepted.header("Location");
        assertThat(location).isEqualTo(EXECUTIONS + "/" + accepted.string("request_id"));

        await().until(() -> wire().get(200, location).string("state").equals("completed"));
        assertThat(wire().get(200, location).json().at("/result/stdout").stringValue()).isEqualTo("later\n");
    }

    @Test
    void answersARepetitionFromTheStoreAndRefusesAnotherRequestUnderTheSameKey() {
        var request = Map.of("command", "cat /proc/sys/kernel/random/uuid");
        var first = wire().execute(200, request, "Idempotency-Key", "same");
        var again = wire().execute(200, request, "Idempotency-Key", "same");

        assertThat(again.bytes()).isEqualTo(first.bytes());
        assertThat(again.header("Idempotency-Replayed")).isEqualTo("true");
        var other = wire().execute(422, Map.of("command", "true"), "Idempotency-Key", "same");
        assertThat(other.string("code")).isEqualTo("idempotency_mismatch");
    }

    @Test
    void refusesARepetitionWhileTheFirstRuns() throws Exception {
        var request = Map.of("command", "sleep 300", "labels", Map.of("test", "twice"));
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var first = threads.submit(() -> wire().execute(200, request, "Idempotency-Key", "twice"));
            var id = awaitRunning("twice");

            var refused = wire().execute(409, request, "Idempotency-Key", "twice");

            assertThat(refused.string("code")).isEqualTo("idempotency_in_progress");
            assertThat(refused.header("Retry-After")).isNotEmpty();
            platform.client().cancel(id);
            assertThat(first.get().string("outcome")).isEqualTo("cancelled");
        }
    }

    @Test
    void cancelsWhatRunsAndOnlyThat() throws Exception {
        var request = ExecuteRequest.shell("echo begun; sleep 300").label("test", "cancel").build();
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var running = threads.submit(() -> platform.client().execute(request));
            var id = awaitRunning("cancel");

            assertThat(platform.client().cancel(id).state()).isEqualTo("cancelled");
            assertThat(running.get().outcome()).isEqualTo("cancelled");
            assertThat(wire().delete(409, EXECUTIONS + "/" + id).string("code")).isEqualTo("conflict");
        }
        wire().delete(404, EXECUTIONS + "/exe_none");
    }

    private static String awaitRunning(String label) {
        var filter = new ListFilter("running", null, Map.of("test", label), null, null, null, 10);
        return await().until(() -> platform.client().list(filter).executions(), found -> !found.isEmpty())
                .getFirst()
                .requestId();
    }

    @Test
    void listsPageByPageWithoutGapOrRepetition() {
        for (int i = 0; i < 7; i++) {
            platform.client().execute(ExecuteRequest.of("true").label("test", "pages").build());
        }
        var filter = new ListFilter(null, null, Map.of("test", "pages"), null, null, null, 3);
        await().until(() -> platform.client().list(new ListFilter("completed", null, Map.of("test", "pages"), null, null, null, 50))
                        .executions()
                        .size()
                == 7);
        var ids = new ArrayList<String>();
        var page = platform.client().list(filter);
        page.executions().forEach(execution -> ids.add(execution.requestId()));
        while (page.nextCursor() != null) {
            page = platform.client().list(filter.from(page.nextCursor()));
            page.executions().forEach(execution -> ids.add(execution.requestId()));
        }
        assertThat(ids).hasSize(7).hasSameSizeAs(new LinkedHashSet<>(ids));
        wire().get(422, EXECUTIONS + "?limit=0");
        wire().get(422, EXECUTIONS + "?cursor=forged");
    }

    @Test
    void handsTheRequestIdAndTheTraceOn() {
        var trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        var answer = wire().execute(
                200, Map.of("command", "echo $TRACEPARENT"), "traceparent", trace, "X-Request-Id", "mine-1");

        assertThat(answer.header("X-Request-Id")).isEqualTo("mine-1");
        assertThat(answer.string("stdout")).contains("0af7651916cd43dd8448eb211c80319c");
        assertThat(wire().get(200, "/ready").header("X-Request-Id")).isNotEmpty();
        assertThat(wire().get(404, "/nowhere", "X-Request-Id", "mine-2").string("request_id")).isEqualTo("mine-2");
    }

    @Test
    void countsWhatItDoes() {
        double before = counter("faas_executions_total{image=\"faas/base\",runtime=\"native\",status=\"completed\"}");
        long requests = wire().get(200, "/api/v1/metrics").json().get("total_requests").longValue();
        platform.client().execute(ExecuteRequest.of("true").build());

        assertThat(counter("faas_executions_total{image=\"faas/base\",runtime=\"native\",status=\"completed\"}"))
                .isGreaterThanOrEqualTo(before + 1);
        assertThat(wire().get(200, "/api/v1/metrics").json().get("total_requests").longValue()).isGreaterThan(requests);
        wire().get(200, "/api/v1/metrics/detailed");
    }

    private static double counter(String name) {
        return wire().get(200, "/metrics").text().lines()
                .filter(line -> line.startsWith(name + " "))
                .mapToDouble(line -> Double.parseDouble(line.substring(name.length() + 1)))
                .sum();
    }

    @Test
    void saysHowItIsAndWhatItCanDo() {
        assertThat(wire().get(200, "/ready").json().get("ready").booleanValue()).isTrue();
        assertThat(wire().get(200, "/health").string("status")).isIn("healthy", "degraded");
        var runtimes = platform.client().runtimes().runtimes();
        assertThat(runtimes).filteredOn(runtime -> runtime.name().equals("native")).singleElement().satisfies(runtime ->
                assertThat(runtime.available()).isTrue());
        assertThat(runtimes).filteredOn(runtime -> !runtime.available()).allSatisfy(runtime ->
                assertThat(runtime.reason()).isNotBlank());
        assertThat(platform.client().images()).anySatisfy(image -> assertThat(image.image()).contains("faas/base"));
    }

    @Test
    void theClientTellsRefusalsApart() {
        assertThatThrownBy(() -> platform.client().execute(ExecuteRequest.of("true").timeoutMs(-1L).build()))
                .isInstanceOfSatisfying(FaasException.class, refused -> {
                    assertThat(refused.code()).isEqualTo("validation_failed");
                    assertThat(refused.status()).isEqualTo(422);
                    assertThat(refused.isRetryable()).isFalse();
                    assertThat(refused.fields()).singleElement().satisfies(field ->
                            assertThat(field.field()).isEqualTo("timeout_ms"));
                });
        wire().get(405, EXECUTE);
    }

    @Test
    void logsOneJsonObjectALine() {
        wire().execute(200, Map.of("command", "echo secret-output"), "X-Request-Id", "in-the-log");

        assertThat(platform.log().lines()).isNotEmpty().allSatisfy(line ->
                assertThat(Contract.JSON.readTree(line).isObject()).isTrue());
        assertThat(platform.log()).doesNotContain("secret-output");
    }
}
