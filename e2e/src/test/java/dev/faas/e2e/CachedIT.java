package dev.faas.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.faas.api.ExecuteRequest;
import dev.faas.api.ExecuteRequestBuilder;
import dev.faas.api.ExecuteResponse;
import dev.faas.gateway.auth.ApiKey;
import dev.faas.sdk.FaasClient;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// The mode `cached` with real sandboxes and a real database. What a command reads from the kernel's random numbers can't be the same twice
/// unless it ran once.
@Timeout(120)
class CachedIT {

    private static final String UUID = "cat /proc/sys/kernel/random/uuid";
    private static final int MEGABYTE = 1 << 20;

    @TempDir
    Path directory;

    private Path data = Path.of("");
    private @Nullable HostWatch host;

    @BeforeEach
    void prepare() {
        data = PlatformProcess.dataDirectory(directory);
        host = new HostWatch(data);
    }

    @AfterEach
    void nothingIsLeft() {
        watch().assertRestored();
    }

    @Test
    void fiftyAtOnceRunOnce() throws Exception {
        try (var platform = start(Map.of());
                var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var calls = Stream.generate(() -> (Callable<ExecuteResponse>)
                            () -> platform.client().execute(cached(UUID).build()))
                    .limit(50)
                    .toList();
            var answers = threads.invokeAll(calls).stream().map(done -> done.resultNow()).toList();

            assertThat(answers).extracting(ExecuteResponse::stdout).allMatch(text -> text.length() == 37).containsOnly(
                    answers.getFirst().stdout());
            assertThat(answers).extracting(ExecuteResponse::cache).containsOnlyOnce("miss");
            var leader = answers.stream().filter(one -> one.cache().equals("miss")).findFirst().orElseThrow();
            assertThat(answers).filteredOn(one -> one != leader)
                    .extracting(ExecuteResponse::cachedFrom)
                    .containsOnly(leader.requestId());
            assertThat(platform.client().metrics().nativeExecutions()).isEqualTo(1);
            assertThat(platform.client().execute(ExecuteRequest.shell(UUID).build()).stdout())
                    .as("without the mode it runs")
                    .isNotEqualTo(leader.stdout());
        }
    }

    @Test
    void hitsSurviveARestartByteForByte() {
        var request = cached("head -c " + MEGABYTE + " /dev/urandom | tee /tmp/copy; head -c 100 /dev/urandom >&2")
                .output("/tmp/copy")
                .build();
        ExecuteResponse first;
        try (var platform = start(Map.of())) {
            first = platform.client().execute(request);
            awaitEntries(platform.client(), 1);
        }
        try (var platform = start(Map.of())) {
            var second = platform.client().execute(request);

            assertThat(second.cache()).isEqualTo("hit");
            assertThat(second.cachedFrom()).isEqualTo(first.requestId());
            assertThat(second.stdoutContent()).hasSize(MEGABYTE).isEqualTo(first.stdoutContent());
            assertThat(second.stderrContent()).hasSize(100).isEqualTo(first.stderrContent());
            assertThat(second.files().getFirst().bytes()).isEqualTo(first.stdoutContent());
            assertThat(second.exitCode()).isZero();
            assertThat(platform.client().get(first.requestId()).result()).isNotNull();
            assertThat(platform.client().clearCache(null).removed()).isEqualTo(1);
            assertThat(platform.client().execute(request).stdoutContent()).isNotEqualTo(first.stdoutContent());
        }
    }

    @Test
    void tenantsDoNotShare() {
        var left = ApiKey.generate(new SecureRandom());
        var right = ApiKey.generate(new SecureRandom());
        var keys = "left:" + ApiKey.hashOf(left) + ":team-a,right:" + ApiKey.hashOf(right) + ":team-b";
        try (var platform = start(Map.of("FAAS_API_KEYS", keys));
                var leftClient = FaasClient.connect(platform.uri(), left);
                var rightClient = FaasClient.connect(platform.uri(), right)) {
            var request = cached(UUID).cacheKey("same").build();
            var mine = leftClient.execute(request);
            awaitEntries(leftClient, 1);

            assertThat(rightClient.cacheStatistics().entries()).isZero();
            assertThat(rightClient.execute(request).stdout()).isNotEqualTo(mine.stdout());
            awaitEntries(rightClient, 1);
            assertThat(rightClient.clearCache("same").removed()).isEqualTo(1);
            assertThat(leftClient.execute(request).stdout()).isEqualTo(mine.stdout());
        }
    }

    @Test
    void everythingThatMayMatterMakesAnotherRun() {
        try (var platform = start(Map.of())) {
            var client = platform.client();
            var requests = List.of(
                    cached(UUID),
                    cached(UUID + " "),
                    cached(UUID).payload("in"),
                    cached(UUID).env("A", "b"),
                    cached(UUID).user("nobody"),
                    cached(UUID).workingDir("/tmp"),
                    cached(UUID).memoryMb(64),
                    cached(UUID).runtime("native"),
                    cached(UUID).cacheKey("k"));
            var seen = requests.stream().map(one -> client.execute(one.build())).toList();

            assertThat(seen).extracting(ExecuteResponse::stdout).doesNotHaveDuplicates();
            awaitEntries(client, requests.size());
            for (int i = 0; i < seen.size(); i++) {
                assertThat(client.execute(requests.get(i).build()).stdout()).isEqualTo(seen.get(i).stdout());
            }
        }
    }

    @Test
    void theCommandLineRemembersBetweenItsRuns() {
        var words = List.of("run", "--mode", "cached", "--cache-key", "mine", "--", "sh", "-c", UUID);
        var first = faas(words);
        var second = faas(words);

        assertThat(first.code()).as(first.err()).isZero();
        assertThat(second.out()).isEqualTo(first.out()).hasSize(37);
        assertThat(faas(List.of("cache", "stats", "--json")).out()).containsPattern("\"entries\" *: *1");
        assertThat(faas(List.of("executions", "ls")).out()).contains("hit", "miss");
        assertThat(faas(List.of("cache", "clear", "--cache-key", "other")).out()).isEqualTo("0 removed\n");
        assertThat(faas(List.of("cache", "clear", "--cache-key", "mine")).out()).isEqualTo("1 removed\n");
        assertThat(faas(words).out()).isNotEqualTo(first.out());
    }

    private Shell.Ended faas(List<String> words) {
        var command = Java.main(words);
        Java.settings(command, Map.of("FAAS_DATA_DIR", data.toString()));
        return Shell.run(command, new byte[0]);
    }

    private HostWatch watch() {
        return Objects.requireNonNull(host);
    }

    private PlatformProcess start(Map<String, String> settings) {
        var platform = PlatformProcess.start(data, settings);
        watch().note();
        return platform;
    }

    private static ExecuteRequestBuilder cached(String script) {
        return ExecuteRequest.shell(script).mode("cached");
    }

    private static void awaitEntries(FaasClient client, int entries) {
        await().until(() -> client.cacheStatistics().entries() == entries);
    }
}
