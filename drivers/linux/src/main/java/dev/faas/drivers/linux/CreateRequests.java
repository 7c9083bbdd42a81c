package dev.faas.drivers.linux;

import dev.faas.core.image.Image;
import dev.faas.core.sandbox.Network;
import dev.faas.core.sandbox.SandboxSpec;
import dev.faas.drivers.agent.wire.NameValue;
import dev.faas.drivers.agent.wire.Rlimit;
import dev.faas.drivers.agent.wire.SpawnerMessage.Create;
import dev.faas.drivers.agent.wire.SpawnerMessage.Rule;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.IntStream;

/// From what somebody wants to what the spawner is asked.
final class CreateRequests {

    /// Root inside a sandbox may do this much, and only to what is the sandbox's own: change owners and permissions,
    /// signal, change ids, bind low ports, chroot. Numbers of the kernel, in the order CHOWN, DAC_OVERRIDE, FOWNER,
    /// FSETID, KILL, SETGID, SETUID, SETPCAP, NET_BIND_SERVICE, SYS_CHROOT, SETFCAP.
    private static final long CAPABILITIES =
            IntStream.of(0, 1, 3, 4, 5, 6, 7, 8, 10, 18, 31).mapToLong(bit -> 1L << bit).reduce(0, (a, b) -> a | b);

    private static final String DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    private CreateRequests() {}

    /// @param hostDns name servers for a network that names none; asked only then, because it reads files
    static Create of(SandboxSpec spec, Image image, Supplier<List<String>> hostDns) {
        var limits = spec.limits();
        int network = Create.NETWORK_NONE;
        List<String> dns = List.of();
        boolean allowDefault = false;
        List<Rule> rules = List.of();
        if (spec.network() instanceof Network.Nat nat) {
            network = Create.NETWORK_NAT;
            dns = nat.dns().isEmpty() ? hostDns.get() : nat.dns();
            allowDefault = nat.allowDefault();
            rules = nat.rules().stream().map(CreateRequests::rule).toList();
        }
        return new Create(
                spec.id(),
                image.layers().stream().map(Path::toString).toList(),
                limits.disk().bytes(),
                spec.hostname(),
                limits.memory().bytes(),
                limits.cpuMillis(),
                limits.processes(),
                limits.readBps(),
                limits.writeBps(),
                List.of(Rlimit.of(Rlimit.NOFILE, limits.openFiles())),
                network,
                dns,
                allowDefault,
                rules,
                CAPABILITIES,
                spec.readOnlyRoot() ? Create.READ_ONLY_ROOT : 0,
                NameValue.listOf(environment(image)));
    }

    private static Map<String, String> environment(Image image) {
        var environment = new HashMap<>(image.config().env());
        environment.putIfAbsent("PATH", DEFAULT_PATH);
        return environment;
    }

    private static Rule rule(Network.EgressRule rule) {
        int protocol = switch (rule.protocol()) {
            case ANY -> 0;
            case TCP -> 6;
            case UDP -> 17;
        };
        return new Rule(rule.allow(), rule.cidr(), protocol, rule.portFrom(), rule.portTo());
    }
}
