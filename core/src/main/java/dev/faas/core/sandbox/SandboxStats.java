package dev.faas.core.sandbox;

import java.time.Duration;

/// What a sandbox used, as the kernel counted it; a counter the technology lacks is 0.
///
/// @param oomKills processes the kernel killed because the memory limit was reached
public record SandboxStats(
        Duration cpuTime,
        long memoryPeakBytes,
        long memoryBytes,
        int oomKills,
        int processes,
        long networkReceivedBytes,
        long networkSentBytes) {

    public static final SandboxStats NONE = new SandboxStats(Duration.ZERO, 0, 0, 0, 0, 0, 0);
}
