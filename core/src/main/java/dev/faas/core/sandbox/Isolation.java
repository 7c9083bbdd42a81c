package dev.faas.core.sandbox;

import dev.faas.core.common.PlatformException;
import java.util.Arrays;
import java.util.Locale;

/// What separates a sandbox from its host. The wire calls this `runtime`.
public enum Isolation {
    /// Linux namespaces, cgroups and seccomp, set up by faas-spawner.
    NATIVE("namespaces+seccomp"),
    /// A container of a Docker Engine.
    DOCKER("container"),
    /// A plain child process: nothing.
    PROCESS("none");

    private final String strength;

    Isolation(String strength) {
        this.strength = strength;
    }

    /// The name on the wire: `native`, `docker`, `process`.
    public String wire() {
        return name().toLowerCase(Locale.ROOT);
    }

    /// What answers report as `isolation`.
    public String strength() {
        return strength;
    }

    public static Isolation fromWire(String wire) {
        return Arrays.stream(values())
                .filter(isolation -> isolation.wire().equals(wire))
                .findFirst()
                .orElseThrow(() -> PlatformException.invalid(
                        "runtime", "'" + wire + "' is not a runtime; use auto, native, docker or process"));
    }
}
