package dev.faas.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.faas.api.ExecuteRequest;
import dev.faas.api.ExecuteResponse;
import dev.faas.api.Execution;
import dev.faas.sdk.FaasException;
import dev.faas.sdk.ListFilter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Any process may be killed at any moment. Afterwards the host is as before, and nothing promised is lost silently.
@Timeout(120)
class FaultsIT {

    private static final int CLIENTS = 8;
    private static final int ANSWERS_BEFORE_A_FAULT = 30;

    @TempDir
    Path directory;

    private Path data;
    private HostWatch host;

    @BeforeEach
    void prepare() {
        data = PlatformProcess.dataDirectory(directory);
        host = new HostWatch(data);
    }

    /// The moment depends on the seed and on what the machine does; with this load it falls into creates, runs and teardowns.
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void aGatewayKilledUnderLoadLeavesNothingAndReportsEverythingItAccepted(long seed) {
        Load load;
        try (var platform = PlatformProcess.start(data)) {
            host.note();
            load = new Load(platform, CLIENTS);
            try (load) {
                load.awaitAnswers(1 + new Random(seed).nextInt(ANSWERS_BEFORE_A_FAULT));
                platform.kill();
            }
        }
        assertThat(load.accepted()).isNotEmpty();
        try (var next = PlatformProcess.start(data)) {
            host.note();
            for (var id : load.accepted()) {
                var found = await().atMost(Duration.ofSeconds(30)).until(() -> next.client().get(id), Execution::finished);
                assertThat(found.result() != null || found.errorCode() != null).as("%s", found).isTrue();
            }
            assertThat(next.client().list(inState("running")).executions()).isEmpty();
            assertThat(next.client().list(inState("queued")).executions()).isEmpty();
            assertThat(next.client().execute(ExecuteRequest.shell("echo back").build()).stdout()).isEqualTo("back\n");
        }
        host.assertRestored();
    }

    @Test
    void whatRanInAKilledGatewayIsReportedAsFailedAndNotRunAgain() throws Exception {
        var request = Map.of("command", "sleep 300");
        String background;
        try (var platform = PlatformProcess.start(data);
                var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            host.note();
            background = platform.client().executeAsync(ExecuteRequest.shell("echo x; sleep 300").build()).requestId();
            var waiting = threads.submit(() -> platform.wire().execute(200, request, "Idempotency-Key", "once"));
            await().until(() -> platform.client().list(inState("running")).executions().size() == 2);
            platform.kill();
            assertThatThrownBy(waiting::get).isInstanceOf(ExecutionException.class);
        }
        try (var next = PlatformProcess.start(data)) {
            host.note();
            var lost = next.client().get(background);
            assertThat(lost.state()).isEqualTo("failed");
            assertThat(lost.errorDetail()).isNotBlank();

            var refused = next.wire().execute(409, request, "Idempotency-Key", "once");
            assertThat(refused.string("code")).isEqualTo("conflict");
            var id = refused.string("detail").replaceFirst("(?s).*(exe_[a-z0-9]+).*", "$1");
            assertThat(next.client().get(id).state()).isEqualTo("failed");
        }
        host.assertRestored();
    }

    /// Nobody is left to clean up but the next start.
    @Test
    void gatewayAndSpawnerKilledTogetherAreCleanedUpAfterByTheNextStart() {
        try (var platform = PlatformProcess.start(data)) {
            host.note();
            var spawner = platform.spawner();
            try (var load = new Load(platform, CLIENTS)) {
                load.awaitAnswers(ANSWERS_BEFORE_A_FAULT);
                spawner.destroyForcibly();
                platform.kill();
            }
            await().until(() -> !spawner.isAlive());
        }
        try (var next = PlatformProcess.start(data)) {
            host.note();
            assertThat(next.client().execute(ExecuteRequest.shell("echo back").build()).stdout()).isEqualTo("back\n");
        }
        host.assertRestored();
    }

    @Test
    void aKilledSpawnerIsReplacedUnderLoad() {
        var moments = new Random(11);
        try (var platform = PlatformProcess.start(data)) {
            try (var load = new Load(platform, CLIENTS)) {
                for (int i = 0; i < 3; i++) {
                    host.note();
                    load.awaitAnswers(1 + moments.nextInt(ANSWERS_BEFORE_A_FAULT));
                    PlatformProcess.kill(await().until(platform::spawner, ProcessHandle::isAlive));
                    load.awaitAnswers(1);
                    await().ignoreExceptions().until(() -> platform.spawner().isAlive());
                }
                host.note();
                assertThat(load.failures()).allSatisfy(failure -> {
                    assertThat(failure.status()).isEqualTo(503);
                    assertThat(failure.isRetryable()).isTrue();
                });
                for (var id : load.accepted()) {
                    await().atMost(Duration.ofSeconds(60)).until(() -> platform.client().get(id), Execution::finished);
                }
            }
            assertThat(platform.client().execute(ExecuteRequest.shell("echo back").build()).stdout()).isEqualTo("back\n");
            assertThat(platform.client().health().status()).isIn("healthy", "degraded");
        }
        host.assertRestored();
    }

    @Test
    void aKilledAgentIsAResultThatSaysSo() throws Exception {
        try (var platform = PlatformProcess.start(data);
                var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            host.note();
            Future<ExecuteResponse> running =
                    threads.submit(() -> platform.client().execute(ExecuteRequest.shell("echo begun; sleep 300").build()));
            await().until(() -> platform.client().list(inState("running")).executions().size() == 1);
            await().until(() -> agents(platform) == 1);
            platform.spawner().children().forEach(PlatformProcess::kill);

            var lost = running.get();
            assertThat(lost.outcome()).isEqualTo("lost");
            assertThat(lost.error()).isNotBlank();
            assertThat(platform.client().execute(ExecuteRequest.shell("echo back").build()).stdout()).isEqualTo("back\n");
        }
        host.assertRestored();
    }

    /// Sandboxes whose command runs: their first process has a child.
    private static long agents(PlatformProcess platform) {
        return platform.spawner().children().filter(agent -> agent.children().findAny().isPresent()).count();
    }

    @Test
    void anOrderlyStopLetsWhatRunsFinishAndTakesNothingNew() throws Exception {
        try (var platform = PlatformProcess.start(data);
                var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            host.note();
            var running = threads.submit(() -> platform.client().execute(ExecuteRequest.shell("sleep 3; echo whole").build()));
            await().until(() -> platform.client().list(inState("running")).executions().size() == 1);

            platform.terminate();

            await().until(() -> !platform.client().readiness().ready());
            assertThatThrownBy(() -> platform.client().execute(ExecuteRequest.of("true").build()))
                    .isInstanceOfSatisfying(FaasException.class, refused ->
                            assertThat(refused.code()).isEqualTo("shutting_down"));
            assertThat(running.get().stdout()).isEqualTo("whole\n");
            assertThat(platform.awaitExit()).isZero();
        }
        host.assertRestored();
    }

    @Test
    void anOrderlyStopEndsWhatDoesNotFinishInTimeAndSaysSo() throws Exception {
        String id;
        try (var platform = PlatformProcess.start(data, Map.of("FAAS_DRAIN_TIMEOUT", "200ms"))) {
            host.note();
            id = platform.client().executeAsync(ExecuteRequest.shell("sleep 300").build()).requestId();
            await().until(() -> platform.client().get(id).state().equals("running"));
            platform.terminate();
            assertThat(platform.awaitExit()).isZero();
        }
        host.assertRestored();
        try (var next = PlatformProcess.start(data)) {
            assertThat(next.client().get(id).finished()).isTrue();
            assertThat(next.client().get(id).state()).isIn("failed", "cancelled");
        }
    }

    private static ListFilter inState(String state) {
        return new ListFilter(state, null, Map.of(), null, null, null, 50);
    }
}
