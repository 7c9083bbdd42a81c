package dev.faas.drivers.linux;

import java.nio.file.Path;
import java.util.List;

/// How native sandboxes are made.
///
/// @param spawner      the faas-spawner executable
/// @param agent        the faas-agent executable, put into every sandbox
/// @param runDirectory where each instance has its directory; shared by all instances on one data directory, so that
///     one sweeps what another left
/// @param uidBase      the host id that is root inside a sandbox; the image store's
/// @param dnsServers   name servers for sandboxes with a network; empty means the host's
/// @param gatewayPorts ports of the host no sandbox may reach, whatever its rules say
/// @param options      further arguments for the spawner
public record NativeDriverConfig(
        Path spawner,
        Path agent,
        Path runDirectory,
        int uidBase,
        List<String> dnsServers,
        List<Integer> gatewayPorts,
        List<String> options) {

    public NativeDriverConfig {
        dnsServers = List.copyOf(dnsServers);
        gatewayPorts = List.copyOf(gatewayPorts);
        options = List.copyOf(options);
    }

    /// The usual settings.
    public static NativeDriverConfig of(Path spawner, Path agent, Path runDirectory, int uidBase) {
        return new NativeDriverConfig(spawner, agent, runDirectory, uidBase, List.of(), List.of(), List.of());
    }
}
