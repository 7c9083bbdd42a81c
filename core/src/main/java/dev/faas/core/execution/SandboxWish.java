package dev.faas.core.execution;

import dev.faas.core.sandbox.DriverStatus.Capability;
import dev.faas.core.sandbox.Isolation;
import dev.faas.core.sandbox.Limits;
import dev.faas.core.sandbox.Network;
import java.util.Optional;
import java.util.Set;

/// What somebody wants of a sandbox, as far as technologies differ in it.
///
/// @param isolation empty = the best that is here and can do the rest
/// @param needs     besides what follows from limits and network
public record SandboxWish(Optional<Isolation> isolation, Limits limits, Network network, Set<Capability> needs) {

    public SandboxWish {
        needs = Set.copyOf(needs);
    }
}
