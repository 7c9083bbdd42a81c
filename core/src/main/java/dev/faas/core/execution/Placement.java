package dev.faas.core.execution;

import dev.faas.core.common.ErrorCode;
import dev.faas.core.common.PlatformException;
import dev.faas.core.sandbox.DriverStatus;
import dev.faas.core.sandbox.DriverStatus.Capability;
import dev.faas.core.sandbox.Isolation;
import dev.faas.core.sandbox.Limits;
import dev.faas.core.sandbox.Network;
import dev.faas.core.sandbox.SandboxDriver;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Which technology runs a request. The only place where one may be chosen on the caller's behalf: whoever asks for one by name gets that
/// or an error. Immutable.
public final class Placement {

    private final Map<Isolation, SandboxDriver> drivers = new EnumMap<>(Isolation.class);
    private final List<Isolation> autoOrder;
    private final Limits defaultLimits;
    private final Network defaultNetwork;

    public Placement(EngineConfig config, List<SandboxDriver> drivers) {
        for (var driver : drivers) {
            if (this.drivers.put(driver.isolation(), driver) != null) {
                throw new IllegalArgumentException("two drivers for " + driver.isolation().wire());
            }
        }
        autoOrder = config.autoOrder();
        defaultLimits = config.defaultLimits();
        defaultNetwork = config.defaultNetwork();
    }

    List<RuntimeStatus> runtimes() {
        return drivers.values().stream()
                .map(driver -> new RuntimeStatus(driver.isolation(), driver.status()))
                .toList();
    }

    /// The drivers that can make the sandbox, best first; never empty. More than one only if the wish leaves the choice. Those behind
    /// the first are asked how they are only when somebody goes on to them: an engine that isn't needed isn't even started.
    ///
    /// @throws PlatformException `RUNTIME_UNAVAILABLE` with each reason
    public Iterable<SandboxDriver> candidates(SandboxWish wish) {
        var order = wish.isolation().map(List::of).orElse(autoOrder);
        var reasons = new ArrayList<String>();
        for (int i = 0; i < order.size(); i++) {
            var driver = drivers.get(order.get(i));
            var obstacle = obstacle(driver, order.get(i), wish);
            if (obstacle.isEmpty() && driver != null) {
                var others = order.subList(i + 1, order.size());
                return () -> Stream.concat(Stream.of(driver), fitting(others, wish)).iterator();
            }
            reasons.add(order.get(i).wire() + ": " + obstacle.orElse(""));
        }
        throw new PlatformException(ErrorCode.RUNTIME_UNAVAILABLE, refusal(wish.isolation(), reasons));
    }

    /// As above, for one command in a sandbox of its own or in a standing one.
    Iterable<SandboxDriver> candidates(ExecutionRequest request) {
        var needs = EnumSet.noneOf(Capability.class);
        addIf(needs, Capability.USER, !request.command().user().isEmpty());
        addIf(needs, Capability.PTY, request.command().terminal().isPresent());
        addIf(needs, Capability.FILES, !request.files().isEmpty() || !request.outputs().isEmpty());
        return candidates(new SandboxWish(request.isolation(), request.limits(), request.network(), needs));
    }

    private Stream<SandboxDriver> fitting(List<Isolation> order, SandboxWish wish) {
        return order.stream()
                .filter(isolation -> obstacle(drivers.get(isolation), isolation, wish).isEmpty())
                .map(isolation -> Objects.requireNonNull(drivers.get(isolation)));
    }

    private Optional<String> obstacle(
            @Nullable SandboxDriver driver, Isolation isolation, SandboxWish wish) {
        if (driver == null) {
            return Optional.of("not switched on in this server");
        }
        DriverStatus status = driver.status();
        if (!status.available()) {
            return Optional.of(status.reason());
        }
        var missing = needs(wish, isolation);
        missing.removeAll(status.capabilities());
        return missing.isEmpty() ? Optional.empty() : Optional.of("can't do " + words(missing));
    }

    private static String refusal(Optional<Isolation> asked, List<String> reasons) {
        var found = reasons.isEmpty() ? "none is configured" : String.join("; ", reasons);
        return asked.isPresent()
                ? "the runtime asked for can't run this: " + found
                : "no runtime can run this: " + found;
    }

    private static String words(Set<Capability> capabilities) {
        return capabilities.stream()
                .map(capability -> capability.name().toLowerCase(Locale.ROOT))
                .collect(Collectors.joining(", "));
    }

    /// What the request can't do without. A default that nobody asked for isn't among it.
    private EnumSet<Capability> needs(SandboxWish wish, Isolation isolation) {
        var needs = EnumSet.of(Capability.EXEC);
        needs.addAll(wish.needs());
        var limits = wish.limits();
        addIf(needs, Capability.MEMORY_LIMIT, !limits.memory().equals(defaultLimits.memory()));
        addIf(needs, Capability.CPU_LIMIT, limits.cpuMillis() != defaultLimits.cpuMillis());
        addIf(needs, Capability.PROCESS_LIMIT, limits.processes() != defaultLimits.processes());
        addIf(needs, Capability.DISK_LIMIT, !limits.disk().equals(defaultLimits.disk()));
        addIf(needs, Capability.IO_LIMIT, limits.readBps() > 0 || limits.writeBps() > 0);
        if (isolation != Isolation.PROCESS || !wish.network().equals(defaultNetwork)) {
            addNetwork(needs, wish.network());
        }
        return needs;
    }

    private static void addNetwork(Set<Capability> needs, Network network) {
        switch (network) {
            case Network.None() -> needs.add(Capability.NETWORK_NONE);
            case Network.Nat nat -> {
                needs.add(Capability.NETWORK_NAT);
                addIf(needs, Capability.EGRESS_RULES, !nat.rules().isEmpty() || !nat.allowDefault());
            }
        }
    }

    private static void addIf(Set<Capability> needs, Capability capability, boolean isNeeded) {
        if (isNeeded) {
            needs.add(capability);
        }
    }
}
