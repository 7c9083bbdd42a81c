package dev.faas.api;

import java.util.List;

/// Whether the server can do its work.
///
/// @param status      `healthy`, `degraded` (works, but not all of it) or `unhealthy`
/// @param docker      whether the Docker runtime is available
/// @param firecracker whether the microVM runtime is available
public record Health(
        String status, boolean docker, boolean firecracker, long uptimeMs, String version, List<Component> components) {

    /// @param detail what is wrong; empty when nothing is
    public record Component(String name, boolean healthy, String detail) {}
}
