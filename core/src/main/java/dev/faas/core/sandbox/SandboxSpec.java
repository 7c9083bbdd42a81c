package dev.faas.core.sandbox;

import dev.faas.core.image.ImageReference;
import java.util.Map;

/// A sandbox somebody wants.
///
/// @param id       unique on this machine: `[a-z0-9_-]{1,64}`
/// @param hostname what the guest sees as its name
/// @param labels   carried to where the technology has labels (Docker), for humans
public record SandboxSpec(
        String id,
        ImageReference image,
        Limits limits,
        Network network,
        boolean readOnlyRoot,
        String hostname,
        Map<String, String> labels) {

    public SandboxSpec {
        labels = Map.copyOf(labels);
    }
}
