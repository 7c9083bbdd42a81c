package dev.faas.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.faas.api.ExecuteRequest;
import dev.faas.api.NetworkRequest;
import dev.faas.api.NetworkRequest.EgressRule;
import java.lang.reflect.RecordComponent;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

/// The options of `faas run` and the request that becomes of them.
class RunOptionsTest {

    private static final String TERMINAL = "012";
    private static final String PIPE = "12";

    @TempDir
    Path folder;

    private static ExecuteRequest request(CapturedTerminal captured, String... words) {
        var options = new RunOptions();
        var line = new CommandLine(CommandLine.Model.CommandSpec.create());
        line.getCommandSpec().addMixin("options", CommandLine.Model.CommandSpec.forAnnotatedObject(options));
        line.parseArgs(words);
        return options.request(captured.terminal());
    }

    private static ExecuteRequest request(String... words) {
        return request(new CapturedTerminal(TERMINAL), words);
    }

    @Test
    void everyFieldOfARequestHasItsOption() throws Exception {
        var file = Files.writeString(folder.resolve("in"), "x");
        var request = request(new CapturedTerminal(PIPE, "input"),
                "--image", "faas/python", "--runtime", "native", "--mode", "cached", "--instance", "box",
                "-t", "3s", "-e", "A=b", "-w", "/tmp",
                "-m", "1g", "--cpus", "0.5", "--disk", "64m", "--processes", "9", "--open-files", "8", "--read-rate", "64k",
                "--write-rate", "2m", "-u", "nobody", "--network", "nat", "--file", file + ":/in", "--output", "/out",
                "--output-limit", "1k", "--label", "who=me", "--cache-key", "k", "--cache-ttl", "5m", "--cache-refresh",
                "--cache-failures", "--", "cat");

        for (RecordComponent component : ExecuteRequest.class.getRecordComponents()) {
            assertThat(component.getAccessor().invoke(request)).as(component.getName()).isNotNull();
        }
        assertThat(request.memoryMb()).isEqualTo(1024);
        assertThat(request.readBps()).isEqualTo(65_536);
        assertThat(request.outputLimitBytes()).isEqualTo(1024);
        assertThat(request.labels()).isEqualTo(Map.of("who", "me"));
        assertThat(request.payload()).isEqualTo("aW5wdXQ=");
    }

    @Test
    void whatIsNotSaidIsLeftToTheGateway() throws Exception {
        var request = request("--", "true");

        var said = Arrays.stream(ExecuteRequest.class.getRecordComponents())
                .filter(component -> {
                    try {
                        return component.getAccessor().invoke(request) != null;
                    } catch (ReflectiveOperationException e) {
                        throw new AssertionError(e);
                    }
                })
                .map(RecordComponent::getName);
        assertThat(said).containsExactly("command");
    }

    @Test
    void rulesKeepTheOrderTheyAreWrittenIn() {
        var network = request("--deny", "10.0.0.0/8", "--allow=203.0.113.0/24:443/tcp", "--deny", "203.0.113.9",
                "--allow", "198.51.100.7:8000-8099", "--", "true").network();

        assertThat(network).isEqualTo(new NetworkRequest("nat", List.of(
                new EgressRule("deny", "10.0.0.0/8", null, null),
                new EgressRule("allow", "203.0.113.0/24", "tcp", "443"),
                new EgressRule("deny", "203.0.113.9", null, null),
                new EgressRule("allow", "198.51.100.7", null, "8000-8099")), "deny", null));
    }

    @Test
    void onlyWhoAllowsSomethingDeniesTheRest() {
        assertThat(request("--deny", "10.0.0.0/8", "--", "true").network()).satisfies(
                network -> assertThat(network.defaultAction()).isNull());
        assertThat(request("--allow", "10.0.0.0/8", "--egress", "allow", "--", "true").network()).satisfies(
                network -> assertThat(network.defaultAction()).isEqualTo("allow"));
        assertThat(request("--dns", "192.0.2.1,192.0.2.2", "--", "true").network()).isEqualTo(
                new NetworkRequest("nat", null, null, List.of("192.0.2.1", "192.0.2.2")));
    }

    @ParameterizedTest
    @ValueSource(strings = {"example.org", "10.0.0.0/8:", "10.0.0.0/8:80:81", "10.0.0.0/8/icmp", "10.0.0.0/8:a-b", ""})
    void aRuleThatIsNoneIsRefused(String rule) {
        assertThatThrownBy(() -> request("--allow", rule, "--", "true"))
                .hasMessageContaining("--allow " + rule + ": write CIDR");
    }

    @Test
    void whatIsPipedInIsHandedOnAndATerminalIsLeftAlone() {
        assertThat(request(new CapturedTerminal(PIPE, "hi"), "--", "cat").payload()).isEqualTo("aGk=");
        assertThat(request(new CapturedTerminal(PIPE, "hi"), "--no-stdin", "--", "cat").payload()).isNull();
        assertThat(request(new CapturedTerminal(PIPE, ""), "--", "cat").payload()).isNull();
        assertThat(request(new CapturedTerminal(TERMINAL, "hi"), "--", "cat").payload()).isNull();
        assertThat(request(new CapturedTerminal(TERMINAL, "hi"), "--stdin", "--", "cat").payload()).isEqualTo("aGk=");
    }

    @Test
    void tooMuchInputIsRefused() {
        var input = new CapturedTerminal(PIPE, "x".repeat((StdinOptions.MAX_MIB << 20) + 1));
        assertThatThrownBy(() -> request(input, "--", "cat"))
                .hasMessageContaining("longer than 20 MiB")
                .hasMessageContaining("--file");
    }
}
