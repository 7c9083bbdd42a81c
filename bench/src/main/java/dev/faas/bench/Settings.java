package dev.faas.bench;

import java.util.Map;

/// How the gateways under test are configured.
final class Settings {

    /// Memory limit of every contender that has limits.
    static final int MEMORY_MB = 128;

    private static final String POOLED_SANDBOXES = "FAAS_POOL_MAX_SANDBOXES";

    /// As a server is without any: whole sandboxes are kept ready.
    static final Map<String, String> POOLED = Map.of();

    /// Every sandbox is made on demand, of network namespaces and cgroups that are ready.
    static final Map<String, String> POOLED_PARTS = Map.of(POOLED_SANDBOXES, "0");

    static final Map<String, String> WITHOUT_POOLS =
            Map.of(POOLED_SANDBOXES, "0", "FAAS_NATIVE_NAMESPACE_POOL", "0", "FAAS_NATIVE_CGROUP_POOL", "0");

    /// Room for every sandbox of the bursts at once.
    static final Map<String, String> ROOMY =
            Map.of(POOLED_SANDBOXES, "0", "FAAS_ENGINE_MAX_QUEUED", "4000", "FAAS_ENGINE_MAX_QUEUED_PER_TENANT", "4000");

    private Settings() {}
}
