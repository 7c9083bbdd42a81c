package dev.faas.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.faas.api.ExecuteRequest;
import dev.faas.sdk.ListFilter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// The command line beside others of its kind on one data directory, and after them. What `./faas` itself does is in [RunIT].
@Timeout(90)
class CommandLineIT {

    @TempDir
    Path directory;

    private Path data;
    private HostWatch host;

    @BeforeEach
    void prepare() {
        data = PlatformProcess.dataDirectory(directory);
        host = new HostWatch(data);
    }

    @AfterEach
    void nothingIsLeft() {
        host.assertRestored();
    }

    private ProcessBuilder command(String verb, String... arguments) {
        var words = new ArrayList<>(List.of(verb));
        words.addAll(List.of(arguments));
        var command = Java.main(words);
        Java.settings(command, Map.of("FAAS_DATA_DIR", data.toString()));
        return command;
    }

    private Shell.Ended faas(String verb, String... arguments) {
        return Shell.run(command(verb, arguments), new byte[0]);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"exit 7 | 7", "kill -TERM $$ | 143", "no-such-program | 127"})
    void exitsAsItsCommandDoes(String script, int code) {
        assertThat(faas("run", "--", "sh", "-c", script).code()).isEqualTo(code);
    }

    @Test
    void saysWhenThePlatformCouldNotRunIt() {
        var ended = faas("run", "--image", "no/such", "--", "true");

        assertThat(ended.code()).isEqualTo(125);
        assertThat(ended.err()).contains("no/such");
        assertThat(ended.out()).isEmpty();
        assertThat(faas("run", "--nonsense").code()).isEqualTo(2);
    }

    @Test
    void printsTheWholeAnswerAsJson() {
        var ended = faas("run", "--json", "--", "sh", "-c", "echo a; exit 4");
        var answer = Contract.JSON.readTree(ended.out());

        assertThat(answer.get("stdout").stringValue()).isEqualTo("a\n");
        assertThat(answer.get("exit_code").intValue()).isEqualTo(4);
        assertThat(answer.get("runtime").stringValue()).isEqualTo("native");
        assertThat(ended.code()).isEqualTo(4);
    }

    @Test
    void severalOnOneDataDirectoryDoNotDisturbEachOther() throws Exception {
        try (var platform = PlatformProcess.start(data)) {
            var long1 = Shell.start(command("run", "--", "sh", "-c", "echo 1; sleep 3; echo one"));
            var long2 = Shell.start(command("run", "--", "sh", "-c", "echo 2; sleep 3; echo two"));
            var served = platform.client().executeAsync(ExecuteRequest.shell("sleep 4; echo served").build());

            assertThat(Shell.finish(long1, new byte[0]).out()).isEqualTo("1\none\n");
            assertThat(Shell.finish(long2, new byte[0]).out()).isEqualTo("2\ntwo\n");
            await().until(() -> platform.client().get(served.requestId()).finished());
            assertThat(platform.client().get(served.requestId()).result()).isNotNull().satisfies(result ->
                    assertThat(result.stdout()).isEqualTo("served\n"));
            host.note();
        }
    }

    @Test
    void anInterruptedRunCancelsItsCommandAtItsGateway() throws Exception {
        try (var platform = PlatformProcess.start(data)) {
            host.note();
            var run = Shell.start(command("run", "--url", platform.uri().toString(), "--", "sh", "-c", "echo ready; sleep 300")
                    .redirectInput(Path.of("/dev/null").toFile()));
            await().until(() -> Files.readString(run.out()).contains("ready"));
            Shell.output("kill", "-INT", String.valueOf(run.process().pid()));

            await().until(() -> platform.client().list(ListFilter.ALL).executions().getFirst().state().equals("cancelled"));
            assertThat(Shell.finish(run, new byte[0]).code()).isEqualTo(130);
        }
    }

    @Test
    void cleanSparesTheLivingUntilForced() {
        try (var platform = PlatformProcess.start(data)) {
            host.note();
            assertThat(faas("clean").code()).isZero();
            assertThat(platform.client().execute(ExecuteRequest.shell("echo alive").build()).stdout()).isEqualTo("alive\n");

            assertThat(faas("clean", "--force").out()).contains("process " + platform.handle().pid());
            assertThat(platform.handle().isAlive()).isFalse();
        }
    }

    @Test
    void cleanRemovesEverythingThePlatformEverMade() throws IOException {
        // Images of this test's own: the machine's shared ones must outlive it.
        Files.delete(data.resolve("images"));
        var tree = Files.createDirectory(directory.resolve("tree"));
        Files.writeString(tree.resolve("file"), "x");
        var archive = directory.resolve("tree.tar");
        Shell.output("tar", "-C", tree.toString(), "-cf", archive.toString(), "file");
        assertThat(faas("image", "import", archive.toString(), "--name", "own/tree").code()).isZero();
        assertThat(Files.exists(data.resolve("images"))).isTrue();
        try (var platform = PlatformProcess.start(data)) {
            host.note();
            platform.kill();
        }

        assertThat(faas("clean", "--all").code()).isZero();

        try (var left = Files.walk(data)) {
            assertThat(left.filter(Files::isRegularFile)).isEmpty();
        }
    }
}
