package dev.faas.bench;

import java.util.Map;

/// How the gateways under test are configured.
final class Settings {

    /// Memory limit of every contender that has limits.
    static final int MEMORY_MB = 128;

    static final Map<String, String> DEFAULT = Map.of();
    static final Map<String, String> WITHOUT_POOLS = Map.of();

    /// Room for every sandbox of the bursts at once.
    static final Map<String, String> ROOMY = Map.of();

    private Settings() {}
}
