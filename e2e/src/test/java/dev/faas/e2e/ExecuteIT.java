package dev.faas.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import dev.faas.api.ExecuteRequest;
import dev.faas.api.ExecuteRequestBuilder;
import dev.faas.api.ExecuteResponse;
import dev.faas.api.InputFile;
import dev.faas.api.NetworkRequest;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Every field of a request means something: it is honoured by real sandboxes behind a real gateway.
@Timeout(60)
class ExecuteIT {

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

    private static ExecuteResponse run(ExecuteRequestBuilder request) {
        return platform.client().execute(request.build());
    }

    private static ExecuteResponse shell(String script) {
        return run(ExecuteRequest.shell(script));
    }

    @Test
    void runsAStringWithTheShell() {
        var answer = platform.wire().execute(200, Map.of("command", "echo $((6 * 7)) | cat; echo oops >&2; exit 3"));

        assertThat(answer.string("stdout")).isEqualTo("42\n").isEqualTo(answer.string("output"));
        assertThat(answer.string("stderr")).isEqualTo("oops\n").isEqualTo(answer.string("logs"));
        assertThat(answer.json().get("exit_code").intValue()).isEqualTo(3);
    }

    @Test
    void passesArgumentsUntouched() {
        var answer = platform.wire().execute(200, Map.of("command", List.of("printf", "<%s>", "a b", "$HOME", "*", "")));

        assertThat(answer.string("stdout")).isEqualTo("<a b><$HOME><*><>");
    }

    @Test
    void saysWhatRanItAndWhereTheTimeWent() {
        var result = shell("head -c 1000000 /dev/urandom | sha256sum");

        assertThat(result.runtime()).isEqualTo("native");
        assertThat(result.isolation()).isNotEqualTo("none").isNotBlank();
        assertThat(result.image()).isEqualTo("faas/base");
        assertThat(result.imageDigest()).matches("sha256:[0-9a-f]{64}");
        assertThat(result.outcome()).isEqualTo("exited");
        var phases = result.phases();
        assertThat(phases.startMs()).isPositive();
        assertThat(phases.runMs()).isPositive();
        assertThat(phases.totalMs()).isGreaterThanOrEqualTo(phases.startMs() + phases.runMs());
        assertThat(result.cpuUserMs() + result.cpuSystemMs()).isPositive();
        assertThat(result.peakMemoryBytes()).isPositive();
    }

    @Test
    void reportsTheSignalThatEndedACommand() {
        var result = shell("kill -SEGV $$");

        assertThat(result.outcome()).isEqualTo("signaled");
        assertThat(result.signal()).isEqualTo(11);
        assertThat(result.exitCode()).isEqualTo(139);
    }

    @Test
    void endsACommandWithItsGrandchildrenAtTheTimeLimitAndKeepsItsOutput() {
        var result = run(ExecuteRequest.shell("echo before; (setsid sleep 300 &) ; sleep 300").timeoutMs(400L));

        assertThat(result.timedOut()).isTrue();
        assertThat(result.outcome()).isEqualTo("timed_out");
        assertThat(result.stdout()).isEqualTo("before\n");
        // The agent's clock starts a moment before the engine hears of the start.
        assertThat(result.durationMs()).isBetween(350L, 10_000L);
    }

    @Test
    void killsWhatUsesTooMuchMemoryAndSaysSo() {
        var result = run(ExecuteRequest.of("tail", "/dev/zero").memoryMb(32));

        assertThat(result.oomKilled()).isTrue();
        assertThat(result.outcome()).isEqualTo("out_of_memory");
        assertThat(result.exitCode()).isEqualTo(137);
        assertThat(shell("echo fine").stdout()).isEqualTo("fine\n");
    }

    @Test
    void givesACommandItsShareOfTheProcessor() {
        var result = run(ExecuteRequest.shell("timeout 1 sh -c 'while :; do :; done'").cpuCores(0.2));

        assertThat(result.cpuUserMs() + result.cpuSystemMs()).isBetween(50.0, 500.0);
    }

    @Test
    void containsAForkBomb() {
        var result = run(ExecuteRequest.shell("for i in 1 2 3 4 5 6 7 8 9; do sleep 20 & done; wait").processes(6).timeoutMs(3000L));

        assertThat(result.exitCode()).isNotZero();
        assertThat(result.stderr()).containsIgnoringCase("fork");
    }

    @Test
    void limitsTheDisk() {
        var result = run(ExecuteRequest.shell("head -c 64000000 /dev/zero > /tmp/full").diskMb(16));

        assertThat(result.exitCode()).isNotZero();
        assertThat(result.stderr()).contains("No space left");
    }

    @Test
    void readsFromDiskNoFasterThanAllowed() {
        long perSecond = 1 << 20;
        // What is in memory already needs no disk.
        var forget = "for file in \"$0\"/layers/*/root/usr/lib/*/libgnutls.so.30.*; do dd if=\"$file\" iflag=nocache count=0; done";
        Shell.output("sh", "-c", forget, directory.resolve("data/images").toString());

        var result = run(ExecuteRequest.shell("cat /usr/lib/*/libgnutls.so.30.* | wc -c").readBps(perSecond));

        long size = Long.parseLong(result.stdout().strip());
        assertThat(size).isGreaterThan(perSecond);
        // The kernel lets the first slice through at once; nothing here depends on how busy the host is.
        assertThat(result.durationMs()).isGreaterThan(size * 1000 / perSecond / 2);
    }

    @Test
    void limitsOpenFiles() {
        assertThat(run(ExecuteRequest.shell("ulimit -n").openFiles(77)).stdout()).isEqualTo("77\n");
    }

    @Test
    void setsVariablesFromAnObjectAndFromPairs() {
        var fromObject = Map.of("command", "echo $A-$B", "env_vars", Map.of("A", "1", "B", "zwei ü"));
        var fromPairs = Map.of("command", "echo $A-$B", "env_vars", List.of(List.of("A", "1"), List.of("B", "zwei ü")));

        assertThat(platform.wire().execute(200, fromObject).string("stdout")).isEqualTo("1-zwei ü\n");
        assertThat(platform.wire().execute(200, fromPairs).string("stdout")).isEqualTo("1-zwei ü\n");
    }

    @Test
    void startsInTheWorkingDirectory() {
        assertThat(run(ExecuteRequest.of("pwd").workingDir("/usr/lib")).stdout()).isEqualTo("/usr/lib\n");
    }

    @Test
    void runsAsTheUserAskedFor() {
        assertThat(run(ExecuteRequest.shell("id -u; id -g").user("1234:2345")).stdout()).isEqualTo("1234\n2345\n");
        assertThat(run(ExecuteRequest.shell("id -un").user("nobody")).stdout()).isEqualTo("nobody\n");
    }

    @Test
    void handsThePayloadOnAsStandardInput() {
        var bytes = new byte[200_000];
        new Random(1).nextBytes(bytes);

        assertThat(run(ExecuteRequest.of("cat").payload("zeile\nü")).stdout()).isEqualTo("zeile\nü");
        assertThat(run(ExecuteRequest.of("cat").payload(bytes)).stdoutContent()).isEqualTo(bytes);
        assertThat(run(ExecuteRequest.of("cat")).stdout()).isEmpty();
    }

    @Test
    void takesFilesInAndGivesFilesBack() {
        var bytes = new byte[] {0, -1, 10, 13, 0};
        var result = run(ExecuteRequest.shell("/data/do > /data/deep/out; cat /data/deep/in >> /data/deep/out")
                .file(new InputFile("/data/do", "#!/bin/sh\necho done\n", "text", "0755"))
                .file(InputFile.bytes("/data/deep/in", bytes))
                .output("/data/deep/out")
                .output("/data/none"));

        assertThat(result.stderr()).isEmpty();
        assertThat(result.files()).hasSize(2);
        assertThat(result.files().getFirst().bytes()).startsWith("done\n".getBytes(StandardCharsets.UTF_8)).endsWith(bytes);
        assertThat(result.files().getLast().content()).isNull();
        assertThat(result.files().getLast().error()).isNotBlank();
    }

    @Test
    void givesANetworkOnlyWhenAskedTo() {
        var links = "tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d ' ' | grep -vx lo";
        var denied = new NetworkRequest("nat", List.of(), "deny", List.of("192.0.2.53"));

        assertThat(run(ExecuteRequest.shell(links).network(NetworkRequest.NONE)).stdout()).isEmpty();
        assertThat(shell(links).stdout()).isEmpty();
        assertThat(run(ExecuteRequest.shell(links).network(NetworkRequest.NAT)).stdout()).isNotBlank();
        assertThat(run(ExecuteRequest.shell("grep nameserver /etc/resolv.conf").network(denied)).stdout())
                .isEqualTo("nameserver 192.0.2.53\n");
    }

    @Test
    void keepsAsMuchOutputAsAskedForAndSaysThatThereWasMore() {
        var result = run(ExecuteRequest.shell("head -c 100000 /dev/zero | tr '\\0' x").outputLimitBytes(1000L));

        assertThat(result.truncated()).isTrue();
        assertThat(result.stdoutContent()).hasSize(1000);
        assertThat(result.stdoutBytes()).isEqualTo(100_000);
    }

    @Test
    void returnsBytesThatAreNoText() {
        var result = shell("printf '\\377\\000\\001'");

        assertThat(result.stdoutEncoding()).isEqualTo("base64");
        assertThat(result.stdoutContent()).containsExactly(255, 0, 1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"checkpointed", "branched"})
    void refusesModesThatHaveNotLanded(String mode) {
        var refused = platform.wire().execute(501, Map.of("command", "true", "mode", mode));

        assertThat(refused.string("code")).isEqualTo("not_implemented");
        assertThat(refused.string("detail")).contains(mode);
    }

    @Test
    void neverFallsBackToAnotherRuntime() {
        for (var runtime : List.of("docker", "process")) {
            var refused = platform.wire().execute(422, Map.of("command", "true", "runtime", runtime));
            assertThat(refused.string("code")).isEqualTo("runtime_unavailable");
        }
        assertThat(run(ExecuteRequest.of("true").runtime("native")).runtime()).isEqualTo("native");
        assertThat(run(ExecuteRequest.of("true").runtime("auto")).runtime()).isEqualTo("native");
    }

    @Test
    void saysWhichImageIsMissingAndWhichAreThere() {
        var refused = platform.wire().execute(422, Map.of("command", "true", "image", "no/such:1"));

        assertThat(refused.string("code")).isEqualTo("image_not_found");
        assertThat(refused.string("detail")).contains("no/such:1", "faas/base");
    }

    @Test
    void givesEachExecutionAFreshSandbox() {
        assertThat(shell("echo mine > /tmp/left; echo left").stdout()).isEqualTo("left\n");
        assertThat(shell("cat /tmp/left").exitCode()).isNotZero();
    }
}
