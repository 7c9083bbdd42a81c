package dev.faas.drivers.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.faas.core.common.ErrorCode;
import dev.faas.core.common.Ids;
import dev.faas.core.common.PlatformException;
import dev.faas.core.sandbox.Command;
import dev.faas.core.sandbox.Limits;
import dev.faas.core.sandbox.Network;
import dev.faas.core.sandbox.Sandbox;
import dev.faas.core.sandbox.SandboxSpec;
import dev.faas.testkit.sandbox.CommandRun;
import dev.faas.testkit.sandbox.Eventually;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Any process may be killed at any moment: nothing is left behind, and nothing is lost silently. Every test ends
/// with the check that the host is as it was.
class NativeFaultsIT {

    private static final int CROWD = 30;

    @TempDir
    Path directory;

    private NativeMachine machine;

    @BeforeEach
    void start() {
        machine = new NativeMachine(directory);
    }

    @AfterEach
    void theHostIsAsBefore() {
        machine.close();
    }

    private Sandbox create() {
        return machine.driver.create(new SandboxSpec(
                Ids.secure().next("t"), NativeMachine.IMAGE, Limits.DEFAULT, new Network.None(), false, "guest", Map.of()));
    }

    @Test
    void aKilledSpawnerLosesItsSandboxesAndIsReplaced() throws Exception {
        var sandbox = create();
        var process = sandbox.start(Command.of("sleep", "1000"));
        NativeMachine.kill(NativeMachine.spawner());

        assertThatThrownBy(process::waitFor)
                .isInstanceOfSatisfying(PlatformException.class, lost ->
                        assertThat(lost.code()).isEqualTo(ErrorCode.SANDBOX_FAILED))
                .hasMessageContaining("lost")
                .hasMessageContaining("faas-spawner");
        sandbox.destroy();
        try (var next = create()) {
            assertThat(CommandRun.shell(next, "echo back").line()).isEqualTo("back");
        }
        Eventually.holds(() -> assertThat(machine.driver.list()).isEmpty());
    }

    @Test
    void aSpawnerKilledInTheMiddleOfCreatesFailsThemAndGoesOn() throws Exception {
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var creates = new ArrayList<Future<Sandbox>>();
            for (int i = 0; i < CROWD; i++) {
                creates.add(threads.submit(this::create));
            }
            creates.getFirst().get();
            NativeMachine.kill(NativeMachine.spawner());
            for (var create : creates) {
                try {
                    create.get().destroy();
                } catch (ExecutionException failed) {
                    assertThat(failed.getCause()).isInstanceOf(PlatformException.class);
                }
            }
        }
        try (var next = create()) {
            assertThat(CommandRun.shell(next, "echo back").line()).isEqualTo("back");
        }
    }

    @Test
    void aSpawnerKilledInTheMiddleOfTeardownLeavesNothing() throws Exception {
        var sandboxes = new ArrayList<Sandbox>();
        for (int i = 0; i < CROWD; i++) {
            sandboxes.add(create());
        }
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            sandboxes.forEach(sandbox -> threads.submit(sandbox::destroy));
            NativeMachine.kill(NativeMachine.spawner());
        }
        Eventually.holds(() -> assertThat(machine.driver.list()).isEmpty());
    }

    @Test
    void aKilledAgentIsReportedWithItsSignal() throws Exception {
        var sandbox = create();
        var process = sandbox.start(Command.of("sleep", "1000"));
        NativeMachine.kill(machine.agentOf(sandbox));

        assertThatThrownBy(process::waitFor).hasMessageContaining("signal 9");
        Eventually.holds(() -> assertThat(machine.driver.list()).isEmpty());
        assertThat(sandbox.destroy()).isNotNull();
    }

    @Test
    void agentsKilledInTheMiddleOfWorkAreAllReported() throws Exception {
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var runs = new ArrayList<Future<CommandRun>>();
            var sandboxes = new ArrayList<Sandbox>();
            for (int i = 0; i < CROWD; i++) {
                var sandbox = create();
                sandboxes.add(sandbox);
                runs.add(threads.submit(() -> CommandRun.shell(sandbox, "while :; do echo busy; done")));
            }
            for (var sandbox : sandboxes) {
                NativeMachine.kill(machine.agentOf(sandbox));
            }
            for (var run : runs) {
                assertThatThrownBy(run::get).cause().isInstanceOf(PlatformException.class);
            }
            sandboxes.forEach(Sandbox::destroy);
        }
    }

    @Test
    void closingTheDriverEndsWhatRuns() {
        var sandbox = create();
        var process = sandbox.start(Command.of("sleep", "1000"));
        machine.driver.close();
        assertThatThrownBy(process::waitFor).isInstanceOf(PlatformException.class);
        assertThatThrownBy(this::create).isInstanceOf(PlatformException.class);
    }
}
