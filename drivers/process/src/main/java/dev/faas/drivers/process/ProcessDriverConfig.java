package dev.faas.drivers.process;

import dev.faas.core.sandbox.Limits;
import dev.faas.core.sandbox.Network;
import java.nio.file.Path;

/// How processes are run without isolation.
///
/// @param enabled        nothing runs unless the operator has switched this on
/// @param agent          the faas-agent executable
/// @param directory      where each sandbox gets its working directory
/// @param defaultLimits  what a request carries that asks for no limits; anything else is refused, for nothing of it
///     can be enforced but the number of open files
/// @param defaultNetwork what a request carries that doesn't care for the network; anything else is refused
public record ProcessDriverConfig(
        boolean enabled, Path agent, Path directory, Limits defaultLimits, Network defaultNetwork) {}
