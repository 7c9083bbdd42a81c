package dev.faas.testkit.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import dev.faas.core.sandbox.Command;
import dev.faas.core.sandbox.DriverStatus.Capability;
import dev.faas.core.sandbox.Network;
import dev.faas.core.sandbox.Network.EgressRule;
import dev.faas.core.sandbox.Network.Protocol;
import dev.faas.core.sandbox.Sandbox;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

/// A sandbox reaches what it was given, and nothing else.
public interface NetworkContract extends SandboxFixture {

    Network.Nat OPEN_NAT = new Network.Nat(List.of(), true, List.of());

    @Test
    default void withoutANetworkThereIsOnlyItsOwnLoopback() throws Exception {
        var spec = spec(new Network.None());
        if (!offers(Capability.NETWORK_NONE)) {
            assertRefused(spec);
            return;
        }
        try (var sandbox = driver().create(spec);
                var listener = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
            var interfaces = CommandRun.shell(sandbox, "tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d ' '");
            assertThat(interfaces.line()).isEqualTo("lo");
            assertThat(dial(sandbox, "127.0.0.1", listener.getLocalPort())).isNotEqualTo("connected");
            assertThat(dial(sandbox, "192.0.2.1", 80)).isNotEqualTo("connected");
        }
    }

    @Test
    default void aTranslatedNetworkDoesNotReachTheHost() throws Exception {
        var spec = spec(OPEN_NAT);
        if (!offers(Capability.NETWORK_NAT)) {
            assertRefused(spec);
            return;
        }
        try (var sandbox = driver().create(spec);
                var listener = new ServerSocket(0, 5, InetAddress.getByName("0.0.0.0"))) {
            int port = listener.getLocalPort();
            assertThat(dial(sandbox, "127.0.0.1", port)).isNotEqualTo("connected");
            assertThat(dial(sandbox, gateway(sandbox), port)).isNotEqualTo("connected");
            assertThat(dial(sandbox, "169.254.169.254", 80)).isNotEqualTo("connected");
        }
    }

    @Test
    default void neighboursDoNotReachEachOther() throws Exception {
        var spec = spec(OPEN_NAT);
        if (!offers(Capability.NETWORK_NAT)) {
            assertRefused(spec);
            return;
        }
        try (var one = driver().create(spec);
                var other = driver().create(spec(OPEN_NAT));
                var server = other.start(Command.of(
                        "perl", "-MIO::Socket::INET", "-e", StreamContract.ECHO_SERVER.replace("127.0.0.1", "0.0.0.0")))) {
            int port = Integer.parseInt(firstLine(server.stdout().readNBytes(6)));
            assertThat(dial(other, "127.0.0.1", port)).isEqualTo("connected");
            assertThat(dial(one, address(other), port)).isNotEqualTo("connected");
        }
    }

    @Test
    default void egressRulesDecide() throws Exception {
        var rule = new EgressRule(false, "0.0.0.0/0", Protocol.TCP, 1, 65535);
        var spec = spec(new Network.Nat(List.of(rule), true, List.of()));
        if (!offers(Capability.EGRESS_RULES)) {
            assertRefused(spec);
            return;
        }
        try (var sandbox = driver().create(spec)) {
            assertThat(dial(sandbox, "192.0.2.1", 80)).isNotEqualTo("connected");
        }
    }

    private static String firstLine(byte[] bytes) throws IOException {
        return new String(bytes, StandardCharsets.UTF_8).strip();
    }

    /// The sandbox's own address on its way to the outside; nothing is sent.
    private static String address(Sandbox sandbox) {
        return CommandRun.of(sandbox, Command.of("perl", "-MIO::Socket::INET", "-e",
                "print IO::Socket::INET->new(Proto=>'udp',PeerAddr=>'192.0.2.1',PeerPort=>9)->sockhost")).line();
    }

    /// The default route's next hop, from the kernel's table in little-endian hexadecimal.
    private static String gateway(Sandbox sandbox) {
        return CommandRun.of(sandbox, Command.of("perl", "-lane",
                "print join '.', reverse map { hex } $F[2] =~ /../g if $F[1] eq '00000000'", "/proc/net/route")).line();
    }

    private static String dial(Sandbox sandbox, String host, int port) {
        return CommandRun.of(sandbox, Command.of("perl", "-MIO::Socket::INET", "-e",
                "print IO::Socket::INET->new(PeerAddr=>$ARGV[0],PeerPort=>$ARGV[1],Timeout=>2) ? 'connected' : \"refused: $@\"",
                host, String.valueOf(port))).line();
    }
}
