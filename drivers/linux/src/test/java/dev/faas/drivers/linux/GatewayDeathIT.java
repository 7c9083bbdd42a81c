package dev.faas.drivers.linux;

import static org.assertj.core.api.Assertions.assertThat;

import dev.faas.core.sandbox.Command;
import dev.faas.core.sandbox.Limits;
import dev.faas.core.sandbox.Network;
import dev.faas.core.sandbox.SandboxSpec;
import dev.faas.testkit.sandbox.HostState;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The control plane itself is killed while a sandbox runs: the spawner notices and ends everything.
class GatewayDeathIT {

    @TempDir
    Path directory;

    @Test
    void nothingOutlivesAKilledControlPlane() throws Exception {
        var before = HostState.now(directory, Set.of());
        var java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        var gateway = new ProcessBuilder(
                        java,
                        "--enable-native-access=ALL-UNNAMED",
                        "-Dfaas.native.dir=" + System.getProperty("faas.native.dir"),
                        "-cp",
                        System.getProperty("java.class.path"),
                        Victim.class.getName(),
                        directory.toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        assertThat(gateway.inputReader().readLine()).isEqualTo("running");
        Set<String> instances;
        try (var files = Files.list(directory)) {
            instances = files.map(file -> file.getFileName().toString()).collect(Collectors.toSet());
        }
        assertThat(instances).hasSize(1);

        NativeMachine.kill(gateway.toHandle());

        before.assertRestored(directory, instances);
    }

    /// Runs a sandbox until it is killed.
    static final class Victim {

        private Victim() {}

        static void main(String[] arguments) throws IOException {
            var machine = new NativeMachine(Path.of(arguments[0]));
            var sandbox = machine.driver.create(new SandboxSpec(
                    "victim", NativeMachine.IMAGE, Limits.DEFAULT, new Network.None(), false, "guest", Map.of()));
            sandbox.start(Command.shell("setsid sleep 1000 & sleep 1000"));
            System.out.println("running");
            System.in.read();
        }
    }
}
