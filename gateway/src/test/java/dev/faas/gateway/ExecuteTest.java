package dev.faas.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import dev.faas.core.sandbox.Network;
import dev.faas.core.sandbox.SandboxSpec;
import java.util.Base64;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// Every field of an execute request has its effect, and every field of the answer its value.
class ExecuteTest {

    private final GatewayFixture fixture = new GatewayFixture();
    private final AtomicReference<SandboxSpec> spec = new AtomicReference<>();

    ExecuteTest() {
        fixture.driver.onCreate(spec::set);
    }

    @AfterEach
    void close() {
        fixture.close();
    }

    @Test
    void runsAStringInTheShell() {
        var answer = fixture.execute(200, """
            {"command": "echo hello; echo oops >&2"}\
            """);

        assertThat(answer.string("stdout")).isEqualTo("hello\n");
        assertThat(answer.string("output")).isEqualTo("hello\n");
        assertThat(answer.string("stderr")).isEqualTo("oops\n");
        assertThat(answer.string("logs")).isEqualTo("oops\n");
        assertThat(answer.string("stdout_encoding")).isEqualTo("utf-8");
        assertThat(answer.body().get("exit_code").intValue()).isZero();
        assertThat(answer.body().get("error").isNull()).isTrue();
        assertThat(answer.string("runtime")).isEqualTo("native");
        assertThat(answer.string("isolation")).isEqualTo("namespaces+seccomp");
        assertThat(answer.string("image")).isEqualTo("faas/base");
        assertThat(answer.string("image_digest")).startsWith("sha256:");
        assertThat(answer.body().at("/phases/total_ms").doubleValue()).isPositive();
        assertThat(answer.string("request_id")).startsWith("exe_");
        assertThat(answer.header("X-Request-Id")).startsWith("req_");
    }

    @Test
    void runsAnArrayAsItIs() {
        var answer = fixture.execute(200, """
            {"command": ["echo", "a  b", "$HOME;"]}\
            """);

        assertThat(answer.string("stdout")).isEqualTo("a  b $HOME;\n");
    }

    @Test
    void aFailingCommandIsAResult() {
        var answer = fixture.execute(200, """
            {"command": "exit 7"}\
            """);

        assertThat(answer.body().get("exit_code").intValue()).isEqualTo(7);
        assertThat(answer.string("outcome")).isEqualTo("exited");
        assertThat(answer.string("error")).isEqualTo("process exited with code 7");
    }

    @Test
    void reportsASignal() {
        var answer = fixture.execute(200, """
            {"command": "kill -9 $$; sleep"}\
            """);

        assertThat(answer.body().get("signal").intValue()).isEqualTo(9);
        assertThat(answer.body().get("exit_code").intValue()).isEqualTo(137);
        assertThat(answer.string("outcome")).isEqualTo("signaled");
    }

    @Test
    void reportsATimeoutWithTheOutputSoFar() {
        var answer = fixture.execute(200, """
            {"command": "echo before; sleep 60", "timeout_ms": 100}\
            """);

        assertThat(answer.body().get("timed_out").booleanValue()).isTrue();
        assertThat(answer.string("stdout")).isEqualTo("before\n");
        assertThat(answer.string("error")).isEqualTo("timed out after 100 ms");
        assertThat(answer.body().get("exit_code").intValue()).isEqualTo(137);
    }

    @Test
    void givesEnvironmentAsObjectOrPairs() {
        var asObject = fixture.execute(200, """
            {"command": "echo $A-$B", "env_vars": {"A": "1", "B": "two words"}}\
            """);
        var asPairs = fixture.execute(200, """
            {"command": "echo $A-$B", "env_vars": [["A", "1"], ["B", "x"], ["B", "two words"]]}\
            """);

        assertThat(asObject.string("stdout")).isEqualTo("1-two words\n");
        assertThat(asPairs.string("stdout")).isEqualTo("1-two words\n");
    }

    @Test
    void givesThePayloadAsStdin() {
        var text = fixture.execute(200, """
            {"command": ["cat"], "payload": "héllo"}\
            """);
        var bytes = Base64.getEncoder().encodeToString(new byte[] {0, (byte) 0xff, 1});
        var binary = fixture.execute(
                200, GatewayFixture.json(Map.of("command", "cat", "payload", bytes, "payload_encoding", "base64")));

        assertThat(text.string("stdout")).isEqualTo("héllo");
        assertThat(binary.string("stdout")).isEqualTo(bytes);
        assertThat(binary.string("stdout_encoding")).isEqualTo("base64");
    }

    @Test
    void givesWorkingDirAndUser() {
        var answer = fixture.execute(200, """
            {"command": "pwd; id", "working_dir": "/tmp", "user": "root"}\
            """);

        assertThat(answer.string("stdout")).isEqualTo("/tmp\nroot\n");
    }

    @Test
    void putsFilesInAndReturnsOutputs() {
        var answer = fixture.execute(200, """
            {"command": "cat /in/a; echo made > /out/b", "files": [
               {"path": "/in/a", "content": "aGk=", "encoding": "base64", "mode": "0600"}],
             "outputs": ["/out/b", "/out/none"]}\
            """);

        assertThat(answer.string("stdout")).isEqualTo("hi");
        assertThat(answer.body().at("/files/0/content").stringValue()).isEqualTo("made\n");
        assertThat(answer.body().at("/files/1/content").isNull()).isTrue();
        assertThat(answer.body().at("/files/1/error").stringValue()).isNotEmpty();
    }

    @Test
    void setsEveryLimit() {
        fixture.execute(200, """
            {"command": "true", "memory_mb": 64, "cpu_cores": 0.25, "disk_mb": 32, "processes": 10, "open_files": 100,
             "read_bps": 1000, "write_bps": 2000}\
            """);

        var limits = spec.get().limits();
        assertThat(limits.memory().mebibytes()).isEqualTo(64);
        assertThat(limits.cpuMillis()).isEqualTo(250);
        assertThat(limits.disk().mebibytes()).isEqualTo(32);
        assertThat(limits.processes()).isEqualTo(10);
        assertThat(limits.openFiles()).isEqualTo(100);
        assertThat(limits.readBps()).isEqualTo(1000);
        assertThat(limits.writeBps()).isEqualTo(2000);
    }

    @Test
    void setsTheNetwork() {
        fixture.execute(200, """
            {"command": "true", "network": "nat"}\
            """);
        assertThat(spec.get().network()).isInstanceOf(Network.Nat.class);

        fixture.execute(200, """
            {"command": "true", "network": {"mode": "nat", "default_action": "deny", "dns": ["192.0.2.1"], "rules": [
              {"action": "allow", "cidr": "203.0.113.0/24", "protocol": "tcp", "ports": "8000-8099"},
              {"action": "deny", "cidr": "198.51.100.7"}]}}\
            """);
        var nat = (Network.Nat) spec.get().network();
        assertThat(nat.allowDefault()).isFalse();
        assertThat(nat.dns()).containsExactly("192.0.2.1");
        assertThat(nat.rules())
                .containsExactly(
                        new Network.EgressRule(true, "203.0.113.0/24", Network.Protocol.TCP, 8000, 8099),
                        new Network.EgressRule(false, "198.51.100.7/32", Network.Protocol.ANY, 0, 0));
    }

    @Test
    void cutsOutputAtItsLimitAndSaysSo() {
        var answer = fixture.execute(200, """
            {"command": "echo ééééé", "output_limit_bytes": 5}\
            """);

        assertThat(answer.body().get("truncated").booleanValue()).isTrue();
        assertThat(answer.body().get("stdout_bytes").longValue()).isEqualTo(11);
        assertThat(answer.string("stdout")).isEqualTo("éé");
        assertThat(answer.string("stdout_encoding")).isEqualTo("utf-8");
    }

    @Test
    void handsTheTraceOn() {
        var trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        var answer = fixture.execute(200, """
                {"command": "env"}\
                """, "traceparent", trace, "X-Request-Id", "mine-1");

        assertThat(answer.string("stdout")).contains("TRACEPARENT=" + trace);
        assertThat(answer.header("traceparent")).isEqualTo(trace);
        assertThat(answer.header("X-Request-Id")).isEqualTo("mine-1");
    }

    @Test
    void ignoresATraceThatIsNone() {
        var answer = fixture.execute(200, """
                {"command": "env"}\
                """, "traceparent", "00-0-0-0", "X-Request-Id", "not fit / for a log");

        assertThat(answer.string("stdout")).doesNotContain("TRACEPARENT");
        assertThat(answer.header("X-Request-Id")).startsWith("req_");
    }

    @Test
    void otherModesSayThatTheyAreNotThere() {
        for (var mode : new String[] {"checkpointed", "branched"}) {
            var answer = fixture.execute(501, GatewayFixture.json(Map.of("command", "true", "mode", mode)));
            assertThat(answer.string("code")).isEqualTo("not_implemented");
        }
        fixture.execute(501, """
            {"command": "true", "snapshot_id": "s"}\
            """);
    }

    @Test
    void aRuntimeThatIsNotThereIsAnError() {
        assertThat(fixture.execute(422, """
            {"command": "true", "runtime": "docker"}\
            """).string("code")).isEqualTo("runtime_unavailable");
        assertThat(fixture.execute(422, """
            {"command": "true", "runtime": "firecracker"}\
            """).string("code")).isEqualTo("runtime_unavailable");
        fixture.execute(200, """
            {"command": "true", "runtime": "auto"}\
            """);
    }

    @Test
    void aMissingImageIsAnError() {
        assertThat(fixture.execute(422, """
            {"command": "true", "image": "no/such"}\
            """).string("code")).isEqualTo("image_not_found");
    }
}
