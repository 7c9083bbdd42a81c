package dev.faas.bench;

import java.util.Map;

/// How the gateways under test are configured.
final class Settings {

    /// Memory limit of every contender that has limits.
    static final int MEMORY_MB = 128;

    static final Map<String, String> DEFAULT = Map.of();
    static final Map<String, String> WITHOUT_POOLS = Map.of("FAAS_NATIVE_NAMESPACE_POOL", "0", "FAAS_NATIVE_CGROUP_POOL", "0");

    /// Room for every sandbox of the bursts at once.
    static final Map<String, String> ROOMY =
            Map.of("FAAS_ENGINE_MAX_QUEUED", "4000", "FAAS_ENGINE_MAX_QUEUED_PER_TENANT", "4000");

    private Settings() {}
}
