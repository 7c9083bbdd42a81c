package dev.faas.drivers.docker;

import dev.faas.core.common.ErrorCode;
import dev.faas.core.common.PlatformException;
import dev.faas.core.sandbox.Network;
import java.util.Optional;

/// A network of an engine that sandboxes are put into. Immutable.
///
/// @param name  the engine's
/// @param range of its addresses, for the guard
/// @param guard what keeps its containers from what they must not reach; empty where nothing does
record SandboxNetwork(String name, String range, Optional<NetworkGuard> guard) {

    boolean isGuarded() {
        return guard.isPresent();
    }

    /// Lets a container that has just been started reach what was asked for, and nothing else. Until then only the
    /// agent runs in it.
    ///
    /// @throws PlatformException `SANDBOX_FAILED` if that can't be done
    void confine(Engine engine, String container, Network.Nat wish) {
        if (guard.isEmpty()) {
            return;
        }
        var settings = engine.ask("looking at the container", client ->
                        client.inspectContainerCmd(container).exec())
                .getNetworkSettings();
        guard.get().confine(String.valueOf(settings.getSandboxKey()), range, wish).ifPresent(reason -> {
            throw new PlatformException(
                    ErrorCode.SANDBOX_FAILED, "the container's network could not be confined: " + reason);
        });
    }
}
