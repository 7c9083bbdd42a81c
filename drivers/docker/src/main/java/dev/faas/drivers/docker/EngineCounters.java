package dev.faas.drivers.docker;

import com.github.dockerjava.api.model.CpuUsageConfig;
import com.github.dockerjava.api.model.MemoryStatsConfig;
import com.github.dockerjava.api.model.StatisticNetworksConfig;
import com.github.dockerjava.api.model.Statistics;
import dev.faas.core.sandbox.SandboxStats;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// What the engine counts of a container, from outside: for when the agent in it can't answer.
record EngineCounters(Statistics statistics) {

    static EngineCounters read(Engine engine, String container) {
        // One look: without that, the engine takes a second to find out how fast things change.
        var path = "/containers/" + container + "/stats?stream=false&one-shot=true";
        return new EngineCounters(engine.get("reading the container's counters", path, Statistics.class));
    }

    /// As statistics; what the engine doesn't count is as it was.
    SandboxStats after(SandboxStats last) {
        return new SandboxStats(
                Duration.ofNanos(cpuNanos()),
                Math.max(memory(MemoryStatsConfig::getMaxUsage), last.memoryPeakBytes()),
                memory(MemoryStatsConfig::getUsage),
                last.oomKills(),
                processes().orElse(last.processes()),
                traffic(StatisticNetworksConfig::getRxBytes),
                traffic(StatisticNetworksConfig::getTxBytes));
    }

    /// Memory that the kernel can't take back just like that: all but file pages nobody has looked at lately.
    long heldMemory() {
        var details = Optional.ofNullable(statistics.getMemoryStats()).map(MemoryStatsConfig::getStats);
        long cache = details.map(stats -> stats.getTotalInactiveFile())
                .or(() -> details.map(stats -> stats.getInactiveFile()))
                .orElse(0L);
        return Math.max(0, memory(MemoryStatsConfig::getUsage) - cache);
    }

    private long cpuNanos() {
        return Optional.ofNullable(statistics.getCpuStats())
                .flatMap(stats -> Optional.ofNullable(stats.getCpuUsage()))
                .map(CpuUsageConfig::getTotalUsage)
                .orElse(0L);
    }

    private long memory(Function<MemoryStatsConfig, @Nullable Long> counter) {
        var stats = statistics.getMemoryStats();
        var value = stats == null ? null : counter.apply(stats);
        return value == null ? 0 : value;
    }

    private Optional<Integer> processes() {
        return Optional.ofNullable(statistics.getPidsStats())
                .flatMap(stats -> Optional.ofNullable(stats.getCurrent()))
                .map(Math::toIntExact);
    }

    private long traffic(Function<StatisticNetworksConfig, @Nullable Long> counter) {
        return Optional.ofNullable(statistics.getNetworks()).orElse(Map.of()).values().stream()
                .mapToLong(network -> {
                    var bytes = counter.apply(network);
                    return bytes == null ? 0 : bytes;
                })
                .sum();
    }
}
