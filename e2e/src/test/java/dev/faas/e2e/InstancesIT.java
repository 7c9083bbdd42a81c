package dev.faas.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.faas.api.ExecRequest;
import dev.faas.api.ExecuteRequest;
import dev.faas.api.Instance;
import dev.faas.api.InstanceRequest;
import dev.faas.api.InstanceRequestBuilder;
import dev.faas.api.LimitsPatch;
import dev.faas.sdk.FaasException;
import dev.faas.sdk.InstanceFilter;
import dev.faas.sdk.InstancesClient;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Instances keep what is in them, stand still when they are paused, and leave nothing: over real sandboxes behind a real gateway.
@Timeout(120)
class InstancesIT {

    private static final Duration PATIENCE = Duration.ofSeconds(60);
    @TempDir
    static Path directory;

    private static HostWatch host;
    private static PlatformProcess platform;

    @BeforeAll
    static void start() {
        var data = PlatformProcess.dataDirectory(directory);
        host = new HostWatch(data);
        platform = PlatformProcess.start(data);
        host.note();
    }

    @AfterAll
    static void stopAndLookForLeftovers() {
        platform.close();
        host.assertRestored();
    }

    @AfterEach
    void removeInstances() {
        instances().list(InstanceFilter.ALL).instances().forEach(one -> instances().delete(one.id()));
    }

    @Test
    void filesAndProcessesStayBetweenCommands() {
        var id = create(InstanceRequest.builder()).id();

        shell(id, "mkdir /srv/state && echo kept > /srv/state/file");
        startCounting(id);

        assertThat(shell(id, "cat /srv/state/file")).isEqualTo("kept\n");
        int before = count(id);
        await().atMost(PATIENCE).until(() -> count(id) > before);
    }

    @Test
    void pausedItStandsStillAndResumedItGoesOn() {
        var id = create(InstanceRequest.builder()).id();
        startCounting(id);
        await().atMost(PATIENCE).until(() -> count(id) > 2);
        int before = count(id);
        assertThat(instances().pause(id).state()).isEqualTo("paused");
        long cpuAtPause = cpuTime(id);
        await().during(Duration.ofMillis(500)).atMost(PATIENCE).until(() -> cpuTime(id) == cpuAtPause);
        assertThat(instances().get(id).state()).isEqualTo("paused");

        assertThat(instances().resume(id).state()).isEqualTo("running");

        await().atMost(PATIENCE).until(() -> count(id) > before);
    }

    @Test
    void aCommandWakesIt() {
        var id = create(InstanceRequest.builder()).id();
        shell(id, "echo kept > /tmp/state");
        instances().pause(id);

        assertThat(shell(id, "cat /tmp/state")).isEqualTo("kept\n");

        assertThat(instances().get(id).state()).isEqualTo("running");
    }

    @Test
    void leftAloneItIsPausedByItself() {
        var id = create(InstanceRequest.builder().idleTtlMs(300L).autoPause(true)).id();

        await().atMost(PATIENCE).until(() -> instances().get(id).state().equals("paused"));

        assertThat(instances().get(id).reason()).isEqualTo("nobody used it for 300ms");
        assertThat(shell(id, "echo awake")).isEqualTo("awake\n");
        await().atMost(PATIENCE).until(() -> instances().get(id).state().equals("paused"));
    }

    @Test
    void theEndOfItsTimeLeavesNothing() {
        var id = create(InstanceRequest.builder().ttlMs(10_000L)).id();
        startCounting(id);

        await().atMost(PATIENCE).until(() -> instances().get(id).state().equals("stopped"));

        assertThat(instances().get(id).reason()).isEqualTo("its time to live is over");
        assertThat(sandboxProcesses(id)).isZero();
        assertThatThrownBy(() -> shell(id, "true"))
                .isInstanceOfSatisfying(FaasException.class, e -> assertThat(e.code()).isEqualTo("conflict"));
    }

    @Test
    void limitsHoldAtOnce() {
        var id = create(InstanceRequest.builder().memoryMb(256)).id();
        var hungry = ExecRequest.shell("head -c 100m /dev/zero | tail -c 100m | wc -c");
        assertThat(instances().exec(id, hungry).stdout()).isEqualTo("104857600\n");

        instances().limit(id, new LimitsPatch(48, null, null));

        assertThat(instances().exec(id, hungry).stdout()).isNotEqualTo("104857600\n");
        assertThat(instances().get(id).memoryMb()).isEqualTo(48);
        assertThat(shell(id, "echo alive")).isEqualTo("alive\n");
    }

    @Test
    void aTimeLimitEndsItsCommandAndNothingElse() {
        var id = create(InstanceRequest.builder()).id();
        startCounting(id);

        var late = instances().exec(id, ExecRequest.of(ExecuteRequest.shell("sleep 60").timeoutMs(200L).build()));

        assertThat(late.timedOut()).isTrue();
        int before = count(id);
        await().atMost(PATIENCE).until(() -> count(id) > before);
    }

    @Test
    void deletedWhilePausedItIsGone() {
        var id = create(InstanceRequest.builder()).id();
        startCounting(id);
        instances().pause(id);

        assertThat(instances().delete(id).state()).isEqualTo("deleted");

        assertThat(sandboxProcesses(id)).isZero();
    }

    @Test
    void modePersistentKeepsWhatTheCommandLeft() {
        var first = platform.client().execute(
                ExecuteRequest.shell("echo kept > /tmp/state").mode("persistent").build());

        var second = platform.client().execute(ExecuteRequest.shell("cat /tmp/state")
                .mode("persistent")
                .instanceId(first.instanceId())
                .build());

        assertThat(second.stdout()).isEqualTo("kept\n");
        assertThat(second.instanceId()).isEqualTo(first.instanceId());
    }

    @Test
    void aLargeFileGoesInAndComesOutByteForByte() throws Exception {
        var id = create(InstanceRequest.builder().memoryMb(1024).diskMb(512)).id();
        var files = instances().files(id);
        long size = 200L << 20;

        var written = files.write("/srv/in/large.bin", () -> new Noise(size), "0600", true);

        assertThat(written.sizeBytes()).isEqualTo(size);
        try (var back = files.read("/srv/in/large.bin")) {
            assertThat(Noise.matches(back, size)).isTrue();
        }
        assertThat(shell(id, "stat -c '%a %s' /srv/in/large.bin")).isEqualTo("600 " + size + "\n");
    }

    @Test
    void aFileCallWakesItAndAnEscapeLeadsNowhere() {
        var id = create(InstanceRequest.builder()).id();
        var files = instances().files(id);
        shell(id, "ln -s / /tmp/root; ln -s /proc/1/root /tmp/agent; echo inside > /tmp/mark");
        instances().pause(id);

        assertThat(files.stat("/tmp/mark")).isPresent();
        assertThat(instances().get(id).state()).isEqualTo("running");

        assertThat(files.stat("/tmp/root/tmp/mark")).isPresent();
        assertThatThrownBy(() -> files.stat("/tmp/agent/tmp/mark"))
                .isInstanceOfSatisfying(FaasException.class, e -> assertThat(e.code()).isEqualTo("validation_failed"));
        assertThat(files.stat("/../../.." + directory)).isEmpty();
    }

    @Test
    void aFullDiskIsTheCallersErrorAndTheInstanceGoesOn() {
        var id = create(InstanceRequest.builder().memoryMb(256).diskMb(32)).id();

        assertThatThrownBy(() -> instances().files(id).write("/tmp/large", () -> new Noise(64L << 20), "0600", false))
                .isInstanceOf(FaasException.class);

        assertThat(instances().files(id).stat("/tmp/large")).isEmpty();
        assertThat(shell(id, "echo on > /tmp/on; cat /tmp/on")).isEqualTo("on\n");
    }

    private static InstancesClient instances() {
        return platform.client().instances();
    }

    private static Instance create(InstanceRequestBuilder request) {
        return instances().create(request.runtime("native").build());
    }

    private static String shell(String id, String script) {
        var answer = instances().exec(id, ExecRequest.shell(script));
        assertThat(answer.exitCode()).as("%s", answer).isZero();
        return String.valueOf(answer.stdout());
    }

    /// Leaves a process behind that counts and writes each figure over the one before. The id makes it known from outside.
    private static void startCounting(String id) {
        shell(id, "(: " + id + "; i=0; while :; do i=$((i + 1)); echo $i > /tmp/count; sleep 0.01; done) >/dev/null 2>&1 &");
        assertThat(sandboxProcesses(id)).isPositive();
    }

    /// Empty for the moment between emptying the file and writing it.
    private static int count(String id) {
        var figure = shell(id, "cat /tmp/count").strip();
        return figure.isEmpty() ? 0 : Integer.parseInt(figure);
    }

    /// Of what counts in the sandbox, by the kernel's account, without asking the sandbox.
    private static long cpuTime(String id) {
        return HostProcesses.with(id).stream().mapToLong(HostProcesses::cpuTicks).sum();
    }

    private static int sandboxProcesses(String id) {
        return HostProcesses.with(id).size();
    }
}
