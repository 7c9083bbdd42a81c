package dev.faas.server.config;

import dev.faas.core.sandbox.Limits;
import dev.faas.core.sandbox.Network;
import java.util.List;
import java.util.Map;

/// What a sandbox gets when nobody says. The gateway fills it in, and the engine knows that no one asked for it.
final class SandboxSettings {

    private static final int MANY = 1_000_000;

    private SandboxSettings() {}

    static Limits limits(Settings settings) {
        var fallback = Limits.DEFAULT;
        return new Limits(
                settings.size(Key.of("limits.memory", "Memory of a sandbox unless the request says."), fallback.memory()),
                settings.number(Key.of("limits.cpu-millis", "The same for thousandths of a core."), fallback.cpuMillis(), 10, MANY),
                settings.number(Key.of("limits.processes", "The same for processes and threads."), fallback.processes(), 1, MANY),
                settings.size(Key.of("limits.disk", "The same for the writable layer."), fallback.disk()),
                settings.number(Key.of("limits.open-files", "The same for open files of a process."), fallback.openFiles(), 16, MANY),
                settings.number(
                        Key.of("limits.read-bps", "The same for bytes read from disk a second; 0 = no limit."),
                        fallback.readBps(), 0, Long.MAX_VALUE),
                settings.number(
                        Key.of("limits.write-bps", "The same for bytes written to disk a second; 0 = no limit."),
                        fallback.writeBps(), 0, Long.MAX_VALUE));
    }

    static Network network(Settings settings) {
        return settings.choice(
                Key.of("limits.network", "What a sandbox may reach unless the request says."),
                new Network.None(),
                Map.of("none", new Network.None(), "nat", new Network.Nat(List.of(), true, List.of())));
    }
}
