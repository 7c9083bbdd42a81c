package dev.faas.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// `./faas run`: the README's first command and what belongs to it.
class RunIT {

    @BeforeAll
    static void prepare() throws IOException, InterruptedException {
        Launcher.prepare();
    }

    @TempDir
    Path folder;

    private Traces before = new Traces(Set.of());

    @BeforeEach
    void remember() throws IOException {
        before = Traces.now();
    }

    @AfterEach
    void nothingIsLeft() {
        Awaitility.await().atMost(Duration.ofSeconds(20)).untilAsserted(
                () -> assertThat(Traces.now().since(before)).isEmpty());
    }

    @Test
    void printsWhatTheCommandPrintsAndNothingElse() throws Exception {
        var result = Launcher.run("run", "--", "echo", "hello");
        assertThat(result.stderr()).isEmpty();
        assertThat(result.stdout()).isEqualTo("hello\n");
        assertThat(result.exitCode()).isZero();
    }

    @Test
    void exitsAsTheCommandDoes() throws Exception {
        var result = Launcher.run("run", "--", "sh", "-c", "echo out; echo err >&2; exit 7");
        assertThat(result.exitCode()).isEqualTo(7);
        assertThat(result.stdout()).isEqualTo("out\n");
        assertThat(result.stderr()).isEqualTo("err\n");
        assertThat(Launcher.run("run", "--", "sh", "-c", "kill -TERM $$").exitCode()).isEqualTo(128 + 15);
    }

    @Test
    void handsBytesThroughUnchanged() throws Exception {
        var bytes = new byte[3_000_000];
        new Random(42).nextBytes(bytes);
        var result = Launcher.run(bytes, "run", "--stdin", "--", "cat");
        assertThat(result.stderr()).isEmpty();
        assertThat(result.stdoutBytes()).isEqualTo(bytes);
    }

    @ParameterizedTest
    @ValueSource(strings = {"POSIX", "en_US.ISO-8859-1", "C.UTF-8"})
    void wordsAreTheSameInEveryLocale(String locale) throws Exception {
        try (var running = Launcher.start(Map.of("LC_ALL", locale), "run", "--", "printf", "%s", "Grüße, 世界")) {
            assertThat(running.await(Duration.ofMinutes(2)).stdout()).isEqualTo("Grüße, 世界");
        }
    }

    @Test
    void handsOnWhatIsPipedInUnlessToldNotTo() throws Exception {
        var input = "hi\n".getBytes(StandardCharsets.UTF_8);
        assertThat(Launcher.run(input, "run", "--", "cat").stdout()).isEqualTo("hi\n");
        assertThat(Launcher.run(input, "run", "--no-stdin", "--", "cat").stdout()).isEmpty();
    }

    @Test
    void saysWhatItWaitsForWhenNobodyEndsItsInput() throws Exception {
        try (var running = Launcher.startWithOpenInput("run", "--", "cat")) {
            Awaitility.await().atMost(Duration.ofSeconds(60)).until(() -> running.stderr().contains("--no-stdin"));
            try (var input = running.process().getOutputStream()) {
                input.write("late\n".getBytes(StandardCharsets.UTF_8));
            }
            assertThat(running.await(Duration.ofMinutes(2)).stdout()).isEqualTo("late\n");
        }
    }

    @Test
    void refusesMoreInputThanItTakes() throws Exception {
        var result = Launcher.run(new byte[(20 << 20) + 1], "run", "--", "cat");
        assertThat(result.exitCode()).isEqualTo(1);
        assertThat(result.stderr()).contains("20 MiB", "--file");
    }

    @Test
    void takesFilesInAndBringsFilesBack() throws Exception {
        var in = Files.writeString(folder.resolve("in.txt"), "7 x 6");
        var back = folder.resolve("back.txt");
        var result = Launcher.run("run", "--file", in + ":/data/in.txt", "--output", "/data/out.txt:" + back, "-w", "/data",
                "-e", "ANSWER=42", "--", "sh", "-c", "echo \"$(cat in.txt) = $ANSWER\" > out.txt");
        assertThat(result.stderr()).isEmpty();
        assertThat(result.exitCode()).isZero();
        assertThat(back).hasContent("7 x 6 = 42\n");
    }

    @Test
    void isTheFirstAndOnlyOneInItsSandbox() throws Exception {
        var result = Launcher.run("run", "--memory", "64m", "--cpus", "0.5", "--", "sh", "-c",
                "ls /proc | grep -c '^[0-9]'; ls /sys/class/net");
        assertThat(result.stderr()).isEmpty();
        assertThat(Integer.parseInt(result.stdout().lines().findFirst().orElseThrow())).isLessThan(7);
        assertThat(result.stdout().lines().skip(1)).containsExactly("lo");
    }

    @Test
    void saysThatTheTimeIsUp() throws Exception {
        var result = Launcher.run("run", "--timeout", "500ms", "--", "sh", "-c", "echo begun; sleep 60");
        assertThat(result.exitCode()).isEqualTo(137);
        assertThat(result.stdout()).isEqualTo("begun\n");
        assertThat(result.stderr()).contains("500 ms");
    }

    @Test
    void namesTheImageThatIsMissing() throws Exception {
        var result = Launcher.run("run", "--image", "localhost:9/none", "--", "true");
        assertThat(result.exitCode()).isEqualTo(125);
        assertThat(result.stderr()).contains("localhost:9/none");
    }

    @Test
    void endsItsSandboxWhenItIsInterrupted() throws Exception {
        try (var running = Launcher.start(Map.of(), "run", "--timeout", "5m", "--", "sh", "-c", "echo ready; sleep 300")) {
            Awaitility.await().atMost(Duration.ofSeconds(60)).until(() -> running.stdout().contains("ready"));
            new ProcessBuilder("kill", "-INT", String.valueOf(running.process().pid())).start().waitFor();
            assertThat(running.await(Duration.ofSeconds(20)).exitCode()).isEqualTo(130);
        }
    }

    @Test
    void leavesNothingWhenItIsKilledOnceTheNextOneHasRun() throws Exception {
        try (var running = Launcher.start(Map.of(), "run", "--timeout", "5m", "--", "sh", "-c", "echo ready; sleep 300")) {
            Awaitility.await().atMost(Duration.ofSeconds(60)).until(() -> running.stdout().contains("ready"));
            running.kill();
        }
        assertThat(Launcher.run("run", "--", "echo", "again").stdout()).isEqualTo("again\n");
    }
}
