package dev.faas.core.sandbox;

import java.util.Locale;

/// Where a sandbox came from when its user got it.
public enum Origin {
    /// Made on demand, every part of it.
    COLD,
    /// Made on demand, of parts that were ready: a network namespace, cgroups.
    POOLED_PARTS,
    /// Was ready as a whole, its agent answering, and had never run anything.
    POOLED,
    /// There was none: the result was known, or came from the run of an equal execution.
    NONE;

    /// The name on the wire: `cold`, `pooled_parts`, `pooled`, `none`.
    public String wire() {
        return name().toLowerCase(Locale.ROOT);
    }
}
