package dev.faas.core.execution;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.faas.core.common.DataSize;
import dev.faas.core.common.ErrorCode;
import dev.faas.core.common.PlatformException;
import dev.faas.core.image.Image;
import dev.faas.core.sandbox.Command;
import dev.faas.core.sandbox.DriverStatus;
import dev.faas.core.sandbox.DriverStatus.Capability;
import dev.faas.core.sandbox.Isolation;
import dev.faas.core.sandbox.Limits;
import dev.faas.core.sandbox.Network;
import dev.faas.core.sandbox.SandboxDriver;
import dev.faas.testkit.ManualClock;
import dev.faas.testkit.execution.Requests;
import dev.faas.testkit.sandbox.FakeSandboxDriver;
import java.time.Instant;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

final class PlacementTest {

    private static final Network NAT = new Network.Nat(List.of(), true, List.of());

    private final ManualClock clock = new ManualClock(Instant.EPOCH);
    private final FakeSandboxDriver linux = new FakeSandboxDriver(Isolation.NATIVE, clock);
    private final FakeSandboxDriver docker = new FakeSandboxDriver(Isolation.DOCKER, clock);
    private final FakeSandboxDriver process = new FakeSandboxDriver(Isolation.PROCESS, clock);
    private final Placement placement =
            new Placement(EngineFixture.config(1, 1), List.of(process, docker, linux));

    @Test
    void autoTakesTheBestThereIs() {
        assertThat(candidates(Requests.of("true"))).containsExactly(linux, docker);
    }

    @Test
    void autoPassesOverWhatIsNotThere() {
        linux.setStatus(DriverStatus.unavailable("no user namespaces", "switch them on"));

        assertThat(candidates(Requests.of("true"))).containsExactly(docker);
    }

    @Test
    void autoPassesOverWhatCanNotDoIt() {
        without(linux, Capability.NETWORK_NAT);

        assertThat(candidates(Requests.of("true").network(NAT))).containsExactly(docker);
    }

    @Test
    void autoNeverFallsBackToNoIsolation() {
        linux.setStatus(DriverStatus.unavailable("no user namespaces", "switch them on"));
        docker.setStatus(DriverStatus.unavailable("no engine answers", "start it"));

        assertThatThrownBy(() -> candidates(Requests.of("true")))
                .hasMessageContaining("native: no user namespaces")
                .hasMessageContaining("docker: no engine answers")
                .satisfies(PlacementTest::isUnavailable);
    }

    @ParameterizedTest
    @EnumSource(Isolation.class)
    void whoAsksForOneGetsThatOne(Isolation isolation) {
        assertThat(candidates(Requests.of("true").isolation(isolation)))
                .singleElement()
                .extracting(SandboxDriver::isolation)
                .isEqualTo(isolation);
    }

    @ParameterizedTest
    @EnumSource(Isolation.class)
    void whoAsksForOneThatIsNotThereGetsAnErrorWithTheReason(Isolation isolation) {
        for (var driver : List.of(linux, docker, process)) {
            if (driver.isolation() == isolation) {
                driver.setStatus(DriverStatus.unavailable("it broke", "mend it"));
            }
        }

        assertThatThrownBy(() -> candidates(Requests.of("true").isolation(isolation)))
                .hasMessageContaining("it broke")
                .satisfies(PlacementTest::isUnavailable);
    }

    @Test
    void aTechnologyTheServerDoesNotHaveIsAnError() {
        var lonely = new Placement(EngineFixture.config(1, 1), List.of(linux));

        assertThatThrownBy(() -> lonely.candidates(Requests.of("true").isolation(Isolation.DOCKER).request()))
                .hasMessageContaining("docker: not switched on")
                .satisfies(PlacementTest::isUnavailable);
    }

    @Test
    void aLimitNobodyAskedForIsNotNeeded() {
        without(process, Capability.MEMORY_LIMIT, Capability.NETWORK_NONE);

        assertThat(candidates(Requests.of("true").isolation(Isolation.PROCESS))).containsExactly(process);
    }

    @Test
    void aLimitSomebodyAskedForIs() {
        without(process, Capability.MEMORY_LIMIT);
        var limits = new Limits(DataSize.ofMebibytes(64), 1000, 512, DataSize.ofMebibytes(256), 4096, 0, 0);

        assertThatThrownBy(() -> candidates(Requests.of("true").isolation(Isolation.PROCESS).limits(limits)))
                .hasMessageContaining("can't do memory_limit");
    }

    @Test
    void everyNeedIsLookedAt() {
        var limits = new Limits(DataSize.ofMebibytes(1), 1, 1, DataSize.ofMebibytes(1), 4096, 1, 0);
        var closed = new Network.Nat(List.of(), false, List.of());
        var command = Command.of("true").withUser("root").withTerminal(new Command.TerminalSize(1, 1));
        var request = Requests.of("true").command(command).limits(limits).network(closed).outputs("/tmp/x");
        linux.setStatus(new DriverStatus(true, "", Set.of(), List.of()));

        assertThatThrownBy(() -> candidates(request.isolation(Isolation.NATIVE)))
                .hasMessageContaining("exec, pty, files, memory_limit, cpu_limit, process_limit, disk_limit,"
                        + " io_limit, network_nat, egress_rules, user");
    }

    @Test
    void anImageOnlyAnotherTechnologyHasIsRunThere() throws InterruptedException {
        docker.addImage("only-here", Image.Config.EMPTY);
        try (var fixture = new EngineFixture(EngineFixture.config(1, 1), List.of(docker))) {
            var executed = fixture.run(Requests.of("true").image("only-here"));

            assertThat(executed.result().orElseThrow().isolation()).isEqualTo(Isolation.DOCKER);
        }
    }

    @Test
    void anImageNobodyHasIsAnErrorOfTheBest() {
        try (var fixture = new EngineFixture(EngineFixture.config(1, 1), List.of(docker))) {
            assertThatThrownBy(() -> fixture.run(Requests.of("true").image("nowhere")))
                    .isInstanceOfSatisfying(
                            PlatformException.class,
                            failure -> assertThat(failure.code()).isEqualTo(ErrorCode.IMAGE_NOT_FOUND));
        }
    }

    private Iterable<SandboxDriver> candidates(Requests request) {
        return placement.candidates(request.request());
    }

    private static void without(FakeSandboxDriver driver, Capability... missing) {
        var rest = EnumSet.allOf(Capability.class);
        rest.removeAll(List.of(missing));
        driver.setStatus(new DriverStatus(true, "", rest, List.of()));
    }

    private static void isUnavailable(Throwable failure) {
        assertThat(failure)
                .isInstanceOfSatisfying(
                        PlatformException.class,
                        refusal -> assertThat(refusal.code()).isEqualTo(ErrorCode.RUNTIME_UNAVAILABLE));
    }
}
