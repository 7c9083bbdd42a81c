package dev.faas.drivers.docker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.faas.core.common.Ids;
import dev.faas.core.sandbox.Command;
import dev.faas.core.sandbox.DriverStatus.Capability;
import dev.faas.core.sandbox.DriverStatus.Level;
import dev.faas.core.sandbox.Limits;
import dev.faas.core.sandbox.Network;
import dev.faas.core.sandbox.Network.EgressRule;
import dev.faas.core.sandbox.Network.Protocol;
import dev.faas.core.sandbox.Sandbox;
import dev.faas.core.sandbox.SandboxSpec;
import dev.faas.testkit.sandbox.CommandRun;
import dev.faas.testkit.sandbox.TestMachine;
import dev.faas.testkit.service.Surroundings;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What containers reach, with servers around the engine that would answer.
class DockerNetworkIT extends DockerFixture {

    private static final Network.Nat OPEN = new Network.Nat(List.of(), true, List.of());

    private Surroundings surroundings;

    @BeforeAll
    void populate() {
        surroundings = engine.surroundings();
    }

    @AfterAll
    void depopulate() {
        surroundings.close();
    }

    @Test
    void theOutsideIsReachedAndTheMachineIsNot() {
        try (var sandbox = create(OPEN)) {
            assertThat(reaches(sandbox, Surroundings.OUTSIDE, Surroundings.PORT)).isTrue();
            assertThat(reaches(sandbox, Surroundings.MACHINE, Surroundings.PORT)).isFalse();
            assertThat(reaches(sandbox, gateway(sandbox), Surroundings.PORT)).isFalse();
            assertThat(reaches(sandbox, Surroundings.METADATA, Surroundings.PORT)).isFalse();
            assertThat(engine.firewall()).contains("table ip faasd");
        }
    }

    @Test
    void noRuleOpensWhatIsNeverReached() {
        var all = new EgressRule(true, "0.0.0.0/0", Protocol.ANY, 0, 0);
        var metadata = new EgressRule(true, "169.254.0.0/16", Protocol.TCP, 1, 65535);
        try (var sandbox = create(new Network.Nat(List.of(metadata, all), true, List.of()))) {
            assertThat(reaches(sandbox, Surroundings.OUTSIDE, Surroundings.PORT)).isTrue();
            assertThat(reaches(sandbox, Surroundings.METADATA, Surroundings.PORT)).isFalse();
            assertThat(reaches(sandbox, Surroundings.MACHINE, Surroundings.PORT)).isFalse();
        }
    }

    @Test
    void theFirstRuleThatMatchesDecides() {
        var port = new EgressRule(false, Surroundings.OUTSIDE + "/32", Protocol.TCP, 8001, 8001);
        var machine = new EgressRule(true, "198.51.100.0/24", Protocol.TCP, 8000, 8001);
        try (var sandbox = create(new Network.Nat(List.of(port, machine), false, List.of()))) {
            assertThat(reaches(sandbox, Surroundings.OUTSIDE, Surroundings.PORT)).isTrue();
            assertThat(reaches(sandbox, Surroundings.OUTSIDE, Surroundings.OTHER_PORT)).isFalse();
        }
        try (var sandbox = create(new Network.Nat(List.of(), false, List.of()))) {
            assertThat(reaches(sandbox, Surroundings.OUTSIDE, Surroundings.PORT)).isFalse();
        }
        try (var sandbox = create(new Network.Nat(List.of(port), true, List.of()))) {
            assertThat(reaches(sandbox, Surroundings.OUTSIDE, Surroundings.PORT)).isTrue();
            assertThat(reaches(sandbox, Surroundings.OUTSIDE, Surroundings.OTHER_PORT)).isFalse();
        }
    }

    @Test
    void rootInAContainerHasNoSayInIt() {
        try (var sandbox = create(OPEN)) {
            var family = CommandRun.shell(sandbox, "cut -c1-32 /proc/net/if_inet6 2>/dev/null | sort -u");
            assertThat(family.line()).isIn("", "0".repeat(31) + "1");
            var switching = "echo 0 > /proc/sys/net/ipv6/conf/eth0/disable_ipv6";
            assertThat(CommandRun.shell(sandbox, switching).exit().code()).isNotZero();
            // A netlink socket to the packet filter: the kernel wants a capability for it.
            var filter = "socket(my $s, 16, 3, 12) or die; send($s, pack('LSSLL', 20, 0x0a00, 5, 1, 0) . pack('CCn', 2, 0, 10), 0);"
                    + " recv($s, my $answer, 4096, 0); print unpack('x16 l', $answer)";
            assertThat(CommandRun.of(sandbox, Command.of("perl", "-e", filter)).line()).isEqualTo("-1");
        }
    }

    @Test
    void withoutAGuardItIsSaidAndRulesAreRefused(@TempDir Path runDirectory) {
        var config = DockerDriverConfig.of(TestMachine.program("faas-agent"), runDirectory).withHost(engine.host());
        try (var open = DockerDriver.start(config, images, DockerMachine.NOBODY)) {
            assertThat(open.status().capabilities()).doesNotContain(Capability.EGRESS_RULES);
            assertThat(open.status().checks())
                    .filteredOn(check -> check.feature().equals("network"))
                    .singleElement()
                    .satisfies(check -> assertThat(check.level()).isEqualTo(Level.DEGRADED))
                    .satisfies(check -> assertThat(check.detail()).contains("faas-spawner is not here"));
            assertThatThrownBy(() -> open.create(spec(new Network.Nat(List.of(), false, List.of()))))
                    .hasMessageContaining("faas-spawner is not here");
            // What the other tests show to be out of reach would be there.
            try (var sandbox = open.create(spec(OPEN))) {
                assertThat(reaches(sandbox, Surroundings.METADATA, Surroundings.PORT)).isTrue();
                assertThat(reaches(sandbox, Surroundings.MACHINE, Surroundings.PORT)).isTrue();
            }
        }
    }

    private Sandbox create(Network network) {
        return driver.create(spec(network));
    }

    private static SandboxSpec spec(Network network) {
        return new SandboxSpec(
                Ids.secure().next("n"), DockerMachine.IMAGE, Limits.DEFAULT, network, false, "guest", Map.of());
    }

    private static String gateway(Sandbox sandbox) {
        return CommandRun.of(sandbox, Command.of("perl", "-lane",
                "print join '.', reverse map { hex } $F[2] =~ /../g if $F[1] eq '00000000'", "/proc/net/route")).line();
    }

    private static boolean reaches(Sandbox sandbox, String host, int port) {
        return CommandRun.of(sandbox, Command.of("perl", "-MIO::Socket::INET", "-e",
                "print IO::Socket::INET->new(PeerAddr=>$ARGV[0],PeerPort=>$ARGV[1],Timeout=>2) ? 'connected' : \"refused: $@\"",
                host, String.valueOf(port))).line().equals("connected");
    }
}
