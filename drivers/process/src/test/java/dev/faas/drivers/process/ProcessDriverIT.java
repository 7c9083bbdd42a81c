package dev.faas.drivers.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.faas.core.common.ErrorCode;
import dev.faas.core.common.PlatformException;
import dev.faas.core.image.ImageReference;
import dev.faas.core.sandbox.Command;
import dev.faas.core.sandbox.DriverStatus.Capability;
import dev.faas.core.sandbox.Limits;
import dev.faas.core.sandbox.Network;
import dev.faas.core.sandbox.Sandbox;
import dev.faas.core.sandbox.SandboxDriver;
import dev.faas.testkit.sandbox.CommandRun;
import dev.faas.testkit.sandbox.Eventually;
import dev.faas.testkit.sandbox.HostState;
import dev.faas.testkit.sandbox.SandboxDriverContract;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The contract over plain processes, and what is special about them.
class ProcessDriverIT implements SandboxDriverContract {

    private static final Path AGENT = Path.of(System.getProperty("faas.native.dir"), "faas-agent");

    /// Stands for "whatever there is"; no test asks for it.
    private static final Network HOST_NETWORK = new Network.Nat(List.of(), true, List.of("127.0.0.53"));

    @TempDir
    static Path directory;

    private static ProcessDriver driver;
    private static HostState before;

    @BeforeAll
    static void start() throws Exception {
        // Other users' processes work in there too.
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
        before = HostState.now(directory, Set.of());
        driver = new ProcessDriver(config(true));
    }

    @AfterAll
    static void nothingIsLeft() {
        driver.close();
        before.assertRestored(directory, Set.of());
    }

    private static ProcessDriverConfig config(boolean enabled) {
        return new ProcessDriverConfig(enabled, AGENT, directory, Limits.DEFAULT, HOST_NETWORK);
    }

    @Override
    public SandboxDriver driver() {
        return driver;
    }

    @Override
    public ImageReference image() {
        return ProcessDriver.HOST_IMAGE;
    }

    @Override
    public Network anyNetwork() {
        return HOST_NETWORK;
    }

    @Override
    public Set<Capability> expectedCapabilities() {
        var expected = EnumSet.of(Capability.EXEC, Capability.PTY, Capability.FILES, Capability.TUNNEL);
        if ("root".equals(System.getProperty("user.name"))) {
            expected.add(Capability.USER);
        }
        return expected;
    }

    @Override
    public void killAgent(Sandbox sandbox) {
        long agent = Long.parseLong(CommandRun.shell(sandbox, "echo $PPID").line());
        ProcessHandle.of(agent).orElseThrow().destroyForcibly();
    }

    @Test
    void nothingRunsUnlessSwitchedOn() {
        try (var off = new ProcessDriver(config(false))) {
            assertThat(off.status().available()).isFalse();
            assertThatThrownBy(() -> off.create(spec())).isInstanceOfSatisfying(PlatformException.class, refusal ->
                    assertThat(refusal.code()).isEqualTo(ErrorCode.RUNTIME_UNAVAILABLE));
        }
    }

    @Test
    void theServersEnvironmentIsNotPassedOn() {
        try (var sandbox = create()) {
            assertThat(CommandRun.shell(sandbox, "env | cut -d= -f1 | sort | tr '\\n' ' '").text())
                    .contains("PATH", "HOME")
                    .doesNotContain("JAVA_HOME");
        }
    }

    @Test
    void theWorkingDirectoryIsItsOwnAndGoes() {
        var sandbox = create();
        var where = Path.of(CommandRun.shell(sandbox, "echo x > file; pwd").line());
        assertThat(where.resolve("file")).exists();
        sandbox.destroy();
        assertThat(Files.exists(where)).isFalse();
    }

    @Test
    void whatADeadAgentLeavesIsKilled() {
        var sandbox = create();
        var sleeper = sandbox.start(Command.shell("sleep 1000 & echo $!; wait"));
        long pid = sleeper.pid();
        killAgent(sandbox);
        Eventually.holds(() -> assertThat(ProcessHandle.of(pid)).isEmpty());
        sandbox.destroy();
    }
}
