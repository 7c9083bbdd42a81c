package dev.faas.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.faas.api.ExecuteRequest;
import dev.faas.api.ExecuteResponse;
import dev.faas.api.PoolList.PoolDescription;
import dev.faas.api.PrewarmRequest;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Sandboxes that are ready before anybody asks: real ones, behind a real gateway.
@Timeout(120)
class PoolsIT {

    private static final String IMAGE = "faas/base";
    private static final long PATIENCE_MS = 60_000;

    @TempDir
    Path directory;

    private Path data;
    private HostWatch host;

    @BeforeEach
    void prepare() {
        data = PlatformProcess.dataDirectory(directory);
        host = new HostWatch(data);
    }

    @Test
    void aPrewarmedSandboxIsUsedOnceAndReplaced() {
        try (var platform = PlatformProcess.start(data)) {
            host.note();
            prewarm(platform, 2);
            var hostnames = new HashSet<String>();
            for (int i = 0; i < 6; i++) {
                await().until(() -> pool(platform).available() >= 2);
                var answer = shell(platform, "test ! -e /tmp/mark && touch /tmp/mark && hostname");
                assertThat(answer.exitCode()).isZero();
                assertThat(answer.pooled()).isTrue();
                assertThat(answer.origin()).isEqualTo("pooled");
                hostnames.add(answer.stdout());
            }
            assertThat(hostnames).hasSize(6).allMatch(name -> name.startsWith("sb-"));
            assertThat(pool(platform).hitRate()).isEqualTo(1);
            assertThat(pool(platform).refillMs()).isPositive();
            assertThat(pool(platform).memoryBytes()).isPositive();
        }
        host.assertRestored();
    }

    @Test
    void whatIsAskedForAgainAndAgainIsKeptReadyByItself() {
        try (var platform = PlatformProcess.start(data)) {
            host.note();
            await().until(() -> shell(platform, "echo x").pooled());
        }
        host.assertRestored();
    }

    @Test
    void manyCallersAtOnceNeverShareOne() throws Exception {
        try (var platform = PlatformProcess.start(data);
                var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            host.note();
            prewarm(platform, 4);
            Callable<ExecuteResponse> call = () -> shell(platform, "echo $$ >> /tmp/seen; wc -l < /tmp/seen");
            List<Future<ExecuteResponse>> answers = threads.invokeAll(Collections.nCopies(24, call));
            int pooled = 0;
            for (var answer : answers) {
                assertThat(answer.get().stdout().strip()).isEqualTo("1");
                pooled += answer.get().pooled() ? 1 : 0;
            }
            assertThat(pooled).isGreaterThanOrEqualTo(4);
        }
        host.assertRestored();
    }

    @Test
    void aKilledSpawnerTakesThePoolAlongAndNobodyNotices() {
        try (var platform = PlatformProcess.start(data)) {
            host.note();
            prewarm(platform, 4);
            PlatformProcess.kill(platform.spawner());
            await().ignoreExceptions().until(() -> platform.spawner().isAlive());
            host.note();

            for (int i = 0; i < 4; i++) {
                assertThat(shell(platform, "echo back").stdout()).isEqualTo("back\n");
            }
            await().atMost(Duration.ofMinutes(1)).until(() -> shell(platform, "echo back").pooled());
        }
        host.assertRestored();
    }

    @Test
    void killedAgentsAreNotHandedOut() {
        try (var platform = PlatformProcess.start(data)) {
            host.note();
            prewarm(platform, 4);
            platform.spawner().children().forEach(PlatformProcess::kill);

            for (int i = 0; i < 6; i++) {
                assertThat(shell(platform, "echo back").stdout()).isEqualTo("back\n");
            }
        }
        host.assertRestored();
    }

    @Test
    void aKilledGatewayLeavesNothing() {
        try (var platform = PlatformProcess.start(data)) {
            host.note();
            prewarm(platform, 4);
            platform.kill();
        }
        host.assertRestored();
    }

    private static void prewarm(PlatformProcess platform, int count) {
        var order = platform.client().prewarm(PrewarmRequest.of(IMAGE, count).withWaitMs(PATIENCE_MS));
        assertThat(order.ready()).as("%s", order).isTrue();
    }

    private static PoolDescription pool(PlatformProcess platform) {
        return platform.client().pools().pools().getFirst();
    }

    private static ExecuteResponse shell(PlatformProcess platform, String script) {
        return platform.client().execute(ExecuteRequest.shell(script).build());
    }
}
