package dev.faas.core.execution;

import dev.faas.core.common.PlatformException;
import java.util.Arrays;
import java.util.Locale;

/// A policy about where the sandbox comes from and what happens to it afterwards; never about how the command runs.
public enum ExecutionMode {
    /// A fresh sandbox, destroyed afterwards.
    EPHEMERAL,
    /// As ephemeral, unless the result of an equal execution is known.
    CACHED,
    CHECKPOINTED,
    BRANCHED,
    PERSISTENT;

    public String wire() {
        return name().toLowerCase(Locale.ROOT);
    }

    public static ExecutionMode fromWire(String wire) {
        return Arrays.stream(values())
                .filter(mode -> mode.wire().equals(wire))
                .findFirst()
                .orElseThrow(() -> PlatformException.invalid(
                        "mode",
                        "'" + wire + "' is not a mode; use ephemeral, cached, checkpointed, branched or persistent"));
    }
}
