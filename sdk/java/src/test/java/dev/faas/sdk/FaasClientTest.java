package dev.faas.sdk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.type;
import static org.awaitility.Awaitility.await;

import dev.faas.api.BatchRequest;
import dev.faas.api.ExecuteRequest;
import dev.faas.api.Execution;
import dev.faas.api.InputFile;
import dev.faas.api.NetworkRequest;
import dev.faas.api.StreamFrame;
import dev.faas.gateway.auth.ApiKey;
import java.io.ByteArrayInputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// Every call, against a real gateway.
class FaasClientTest {

    private final LocalGateway server = new LocalGateway();
    private final FlakyProxy proxy = new FlakyProxy(server.uri());
    private final FaasClient client = new FaasClient(ClientConfig.of(server.uri()));
    private final FaasClient patient =
            new FaasClient(ClientConfig.of(proxy.uri()).withRetries(3, Duration.ofMillis(1)));

    @AfterEach
    void close() {
        client.close();
        patient.close();
        proxy.close();
        server.close();
    }

    @Test
    void runsACommandWithEverythingItCanCarry() {
        var response = client.execute(ExecuteRequest.shell("cat; cat /in; echo $A")
                .image("faas/base")
                .runtime("auto")
                .mode("ephemeral")
                .timeoutMs(5000L)
                .env("A", "ä")
                .workingDir("/")
                .user("root")
                .payload(new byte[] {'x', '\n'})
                .memoryMb(64)
                .cpuCores(0.5)
                .diskMb(16)
                .processes(20)
                .openFiles(64)
                .network(NetworkRequest.NONE)
                .file(InputFile.bytes("/in", "in\n".getBytes(StandardCharsets.UTF_8)))
                .output("/in")
                .outputLimitBytes(1000L)
                .label("team", "a")
                .build());

        assertThat(new String(response.stdoutContent(), StandardCharsets.UTF_8)).isEqualTo("x\nin\nä\n");
        assertThat(response.files().getFirst().bytes()).isEqualTo("in\n".getBytes(StandardCharsets.UTF_8));
        assertThat(response.exitCode()).isZero();
        assertThat(response.error()).isNull();
        assertThat(response.phases().totalMs()).isPositive();
    }

    @Test
    void asksForNewResultsOnlyWhenItsCallerDoes() {
        var request = ExecuteRequest.of("echo", "x").mode("cached").cacheKey("mine").cacheTtlMs(60_000L);
        assertThat(client.execute(request.build()).cache()).isEqualTo("miss");
        await().until(() -> client.cacheStatistics().entries() == 1);

        assertThat(client.execute(request.build()).cache()).isEqualTo("hit");
        assertThat(client.execute(request.cacheRefresh(true).build()).cache()).isEqualTo("miss");
        assertThat(client.clearCache("other").removed()).isZero();
        assertThat(client.cacheStatistics().hits()).isEqualTo(1);
    }

    @Test
    void saysWhatWasRefused() {
        var request = ExecuteRequest.of("true").memoryMb(1).cpuCores(-1.0).build();

        assertThatThrownBy(() -> client.execute(request))
                .asInstanceOf(type(FaasException.class))
                .satisfies(e -> {
                    assertThat(e.code()).isEqualTo("validation_failed");
                    assertThat(e.status()).isEqualTo(422);
                    assertThat(e.isRetryable()).isFalse();
                    assertThat(e.requestId()).startsWith("req_");
                    assertThat(e.fields()).hasSize(2);
                });
    }

    @Test
    void followsOutput() {
        var seen = new ArrayList<String>();
        var listener = new StreamListener() {
            @Override
            public void started(String requestId) {
                seen.add(requestId.substring(0, 4));
            }

            @Override
            public void stdout(byte[] bytes) {
                seen.add("out " + new String(bytes, StandardCharsets.UTF_8));
            }

            @Override
            public void stderr(byte[] bytes) {
                seen.add("err " + new String(bytes, StandardCharsets.UTF_8));
            }
        };

        var result = client.stream(
                ExecuteRequest.shell("echo one; echo two >&2; exit 5").build(), listener);

        assertThat(result.exitCode()).isEqualTo(5);
        assertThat(seen)
                .containsExactlyInAnyOrder("exe_", "out one\n", "err two\n")
                .startsWith("exe_");
        assertThatThrownBy(() ->
                        client.stream(ExecuteRequest.of("true").image("no/such").build(), listener))
                .asInstanceOf(type(FaasException.class))
                .returns("image_not_found", FaasException::code);
    }

    @Test
    void cancelsByClosingAStream() {
        try (var frames = client.stream(ExecuteRequest.of("yes").build())) {
            assertThat(frames.next()).isInstanceOf(StreamFrame.Started.class);
            assertThat(frames.hasNext()).isTrue();
        }

        await().until(() -> server.driver().list().isEmpty());
    }

    @Test
    void runsInTheBackgroundListsAndCancels() {
        var done = client.executeAsync(
                ExecuteRequest.of("true").label("kind", "short").build());
        var hanging = client.executeAsync(
                ExecuteRequest.of("sleep").label("kind", "long").build());
        await().until(() -> client.get(done.requestId()).finished());
        await().until(() -> client.get(hanging.requestId()).state().equals("running"));

        assertThat(client.cancel(hanging.requestId()).state()).isEqualTo("cancelled");

        var ids = new HashSet<String>();
        var filter = new ListFilter(null, null, java.util.Map.of(), null, null, null, 1);
        for (var page = client.list(filter); ; page = client.list(filter.from(page.nextCursor()))) {
            page.executions().stream().map(Execution::requestId).forEach(ids::add);
            if (page.nextCursor() == null) {
                break;
            }
        }
        assertThat(ids).containsExactlyInAnyOrder(done.requestId(), hanging.requestId());
        assertThat(client.list(new ListFilter(
                                "cancelled", "faas/base", java.util.Map.of("kind", "long"), null, null, null, 9))
                        .executions())
                .hasSize(1);
        assertThatThrownBy(() -> client.get("exe_none"))
                .asInstanceOf(type(FaasException.class))
                .returns("not_found", FaasException::code);
    }

    @Test
    void runsABatch() {
        var batch = client.batch(new BatchRequest(
                List.of(
                        ExecuteRequest.of("echo", "a").build(),
                        ExecuteRequest.of("true").image("no/such").build()),
                2));

        assertThat(batch.succeeded()).isEqualTo(1);
        assertThat(batch.results().get(1).error().code()).isEqualTo("image_not_found");
    }

    @Test
    void looksAfterImages() {
        var steps = new ArrayList<String>();
        var pulled = client.pullImage("team/tool:1", progress -> steps.add(progress.step()));
        var imported = client.importImages("team/in", () -> new ByteArrayInputStream(new byte[100_000]), _ -> {})
                .getFirst();

        assertThat(steps).isNotEmpty();
        assertThat(imported.sizeBytes()).isEqualTo(100_000);
        assertThat(client.images()).contains(pulled, imported);
        client.removeImage("team/tool:1");
        assertThat(client.images()).doesNotContain(pulled);
        assertThat(client.pruneImages().layers()).isNotNegative();
        assertThatThrownBy(() -> client.pullImage("absent/x", _ -> {}))
                .asInstanceOf(type(FaasException.class))
                .returns("image_not_found", FaasException::code);
    }

    @Test
    void asksHowTheServerIs() {
        client.execute(ExecuteRequest.of("true").build());

        assertThat(client.health().status()).isEqualTo("healthy");
        assertThat(client.readiness().ready()).isTrue();
        assertThat(client.runtimes().runtimes().getFirst().name()).isEqualTo("native");
        assertThat(client.metrics().totalRequests()).isEqualTo(1);
        assertThat(client.detailedMetrics().performance().p50LatencyMs()).isPositive();
    }

    @Test
    void neverRunsACommandTwiceWhenAnAnswerIsLost() {
        proxy.loseAnswers(2);

        var response = patient.execute(ExecuteRequest.of("echo", "once").build());

        assertThat(response.stdout()).isEqualTo("once\n");
        assertThat(server.driver().created()).isEqualTo(1);
        assertThat(proxy.keys()).hasSizeGreaterThan(2);
        assertThat(new HashSet<>(proxy.keys())).hasSize(1).doesNotContain("null");
    }

    @Test
    void triesOnlyWhatMayPass() {
        assertThatThrownBy(() -> patient.execute(
                        ExecuteRequest.of("true").image("no/such").build()))
                .isInstanceOf(FaasException.class);
        assertThat(proxy.keys()).hasSize(1);

        proxy.close();
        assertThatThrownBy(() -> patient.runtimes())
                .asInstanceOf(type(FaasException.class))
                .returns(FaasException.UNREACHABLE, FaasException::code)
                .returns(true, FaasException::isRetryable);
    }

    @Test
    void saysThatAKeyIsMissing() {
        try (var keyed = new LocalGateway(List.of(ApiKey.parse("ci:" + ApiKey.hashOf("faas_right"))));
                var without = FaasClient.connect(keyed.uri(), null);
                var wrong = FaasClient.connect(keyed.uri(), "faas_wrong");
                var right = FaasClient.connect(keyed.uri(), "faas_right")) {
            for (var refused : List.of(without, wrong)) {
                assertThatThrownBy(
                                () -> refused.execute(ExecuteRequest.of("true").build()))
                        .asInstanceOf(type(FaasException.class))
                        .returns("unauthorized", FaasException::code)
                        .returns(401, FaasException::status);
                assertThatThrownBy(refused::runtimes)
                        .asInstanceOf(type(FaasException.class))
                        .returns("unauthorized", FaasException::code);
            }
            assertThat(right.execute(ExecuteRequest.of("true").build()).exitCode())
                    .isZero();
        }
    }

    @Test
    void refusesAddressesThatAreNone() {
        for (var url : new String[] {"ftp://host", "host:8080", "/path"}) {
            assertThatThrownBy(() -> ClientConfig.of(URI.create(url))).isInstanceOf(IllegalArgumentException.class);
        }
        assertThat(ClientConfig.of(server.uri()).withApiKey("faas_secret").toString())
                .doesNotContain("secret");
    }
}
