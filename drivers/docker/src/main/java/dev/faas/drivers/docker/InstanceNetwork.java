package dev.faas.drivers.docker;

import com.github.dockerjava.api.model.Network.Ipam;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// The network of sandboxes that may reach the outside: one for all of this instance, made when the first one needs it,
/// behind a bridge of its own and a firewall where there can be one. Thread-safe.
final class InstanceNetwork {

    /// Begins the names of our bridges. The native runtime keeps its sandboxes from links that are named so.
    private static final String BRIDGE_PREFIX = "faasd";

    private static final String BRIDGE_NAME = "com.docker.network.bridge.name";

    /// Keeps containers of the network from each other.
    private static final String INTER_CONTAINER = "com.docker.network.bridge.enable_icc";

    private static final String MAKING = "making the network";

    private final Engine engine;
    private final Ownership ownership;
    private final NetworkGuard guard;
    private final SingleFlight<SandboxNetwork> making = new SingleFlight<>();
    private volatile @Nullable SandboxNetwork network;
    /// Whether the engine was ever asked to make it: then there may be something to remove.
    private volatile boolean asked;

    InstanceNetwork(Engine engine, Ownership ownership, NetworkGuard guard) {
        this.engine = engine;
        this.ownership = ownership;
        this.guard = guard;
    }

    SandboxNetwork get() {
        var made = network;
        return made != null ? made : making.share(MAKING, this::make);
    }

    /// Makes it anew for the next sandbox: somebody may have removed it from the engine.
    void forget() {
        network = null;
    }

    /// Removes what was made, also before [#forget]. The containers are gone by now.
    void remove() {
        if (asked) {
            // The firewall first: whoever finds the network without it will remove both.
            guard.release(bridge());
            engine.remove("removing the network", client -> client.removeNetworkCmd(name()).exec());
        }
    }

    /// The bridge of a network of some instance.
    static Optional<String> bridgeOf(com.github.dockerjava.api.model.Network network) {
        return Optional.ofNullable(network.getOptions())
                .map(options -> options.get(BRIDGE_NAME))
                .filter(name -> name.startsWith(BRIDGE_PREFIX));
    }

    private SandboxNetwork make() {
        var made = network;
        if (made != null) {
            return made;
        }
        asked = true;
        try {
            engine.ask(MAKING, client -> client.createNetworkCmd()
                    .withName(name())
                    .withDriver("bridge")
                    .withCheckDuplicate(true)
                    .withEnableIpv6(false)
                    .withOptions(Map.of(INTER_CONTAINER, "false", BRIDGE_NAME, bridge()))
                    .withLabels(ownership.labels())
                    .exec());
        } catch (EngineException e) {
            if (!e.isConflict()) {
                throw e;
            }
            // It is there already: made before this driver was told to forget.
        }
        made = guarded();
        network = made;
        return made;
    }

    private SandboxNetwork guarded() {
        var range = range();
        if (range.isEmpty() || !guard.protect(bridge())) {
            return new SandboxNetwork(name(), "", Optional.empty());
        }
        return new SandboxNetwork(name(), range.get(), Optional.of(guard));
    }

    /// Where its containers get their addresses from.
    private Optional<String> range() {
        var found = engine.ask("looking at the network", client ->
                client.inspectNetworkCmd().withNetworkId(name()).exec());
        return Stream.ofNullable(found.getIpam())
                .flatMap(ipam -> Stream.ofNullable(ipam.getConfig()))
                .flatMap(List::stream)
                .map(Ipam.Config::getSubnet)
                .filter(subnet -> subnet != null && subnet.indexOf(':') < 0)
                .findFirst();
    }

    private String name() {
        return "faas-" + ownership.instance();
    }

    /// The name of a link has fifteen characters, so the instance's is too long.
    private String bridge() {
        return BRIDGE_PREFIX + "%08x".formatted(ownership.instance().hashCode());
    }
}
