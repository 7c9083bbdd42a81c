package dev.faas.core.sandbox;

import java.util.Locale;

/// Where a sandbox came from when its user got it.
public enum Origin {
    /// Made on demand, every part of it.
    COLD,
    /// Made on demand, of parts that were ready: a network namespace, cgroups.
    POOLED_PARTS,
    /// Was ready as a whole, its agent answering, and had never run anything.
    POOLED;

    /// The name on the wire: `cold`, `pooled_parts`, `pooled`.
    public String wire() {
        return name().toLowerCase(Locale.ROOT);
    }
}
