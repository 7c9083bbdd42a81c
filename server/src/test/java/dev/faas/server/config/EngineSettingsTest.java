package dev.faas.server.config;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.faas.core.common.DataSize;
import dev.faas.core.execution.EngineConfig;
import dev.faas.core.pool.PoolConfig;
import dev.faas.core.sandbox.Isolation;
import dev.faas.core.sandbox.Limits;
import dev.faas.core.sandbox.Network;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class EngineSettingsTest {

    private static EngineConfig read(Settings settings) {
        return EngineSettings.read(settings, SandboxSettings.limits(settings), SandboxSettings.network(settings));
    }

    @Test
    void takesTheEnginesDefaults() {
        TwoCases.assertDefaults(EngineSettingsTest::read, EngineConfig.DEFAULT);
    }

    @Test
    void mapsEveryKey() {
        var written = Map.ofEntries(
                Map.entry("engine.max-running", "1"),
                Map.entry("engine.max-queued", "2"),
                Map.entry("engine.max-queued-per-tenant", "3"),
                Map.entry("engine.queue-timeout", "4s"),
                Map.entry("engine.background-queue-timeout", "5s"),
                Map.entry("engine.image-timeout", "6s"),
                Map.entry("engine.start-timeout", "7s"),
                Map.entry("engine.collect-timeout", "7m"),
                Map.entry("engine.kill-grace", "8s"),
                Map.entry("engine.output-file-limit", "9"),
                Map.entry("engine.output-files-limit", "10"),
                Map.entry("engine.output-memory", "11"),
                Map.entry("engine.auto-order", "process, docker"),
                Map.entry("limits.memory", "12MiB"),
                Map.entry("limits.cpu-millis", "13"),
                Map.entry("limits.processes", "14"),
                Map.entry("limits.disk", "15MiB"),
                Map.entry("limits.open-files", "16"),
                Map.entry("limits.read-bps", "17"),
                Map.entry("limits.write-bps", "18"),
                Map.entry("limits.network", "nat"),
                Map.entry("pool.max-sandboxes", "28"),
                Map.entry("pool.max-per-shape", "29"),
                Map.entry("pool.max-memory", "30"),
                Map.entry("pool.idle-ttl", "31s"),
                Map.entry("pool.max-age", "32s"),
                Map.entry("pool.refill-delay", "33ms"),
                Map.entry("pool.prewarm-ttl", "34s"),
                Map.entry("pool.max-prewarm-ttl", "35s"),
                Map.entry("journal.capacity", "19"),
                Map.entry("journal.batch", "20"),
                Map.entry("journal.linger", "21ms"),
                Map.entry("journal.retry-delay", "22ms"),
                Map.entry("journal.output-limit", "23"),
                Map.entry("retention.max-age", "24h"),
                Map.entry("retention.max-records", "25"),
                Map.entry("retention.interval", "26s"),
                Map.entry("retention.batch", "27"));
        TwoCases.assertEveryKeyIsMapped(EngineSettingsTest::read, written, new EngineConfig(
                new EngineConfig.Admission(1, 2, 3, Duration.ofSeconds(4), Duration.ofSeconds(5)),
                new EngineConfig.Deadlines(
                        Duration.ofSeconds(6), Duration.ofSeconds(7), Duration.ofMinutes(7), Duration.ofSeconds(8)),
                new EngineConfig.Output(DataSize.ofBytes(9), DataSize.ofBytes(10), DataSize.ofBytes(11)),
                List.of(Isolation.PROCESS, Isolation.DOCKER),
                new Limits(DataSize.ofMebibytes(12), 13, 14, DataSize.ofMebibytes(15), 16, 17, 18),
                new Network.Nat(List.of(), true, List.of()),
                new PoolConfig(
                        28,
                        29,
                        DataSize.ofBytes(30),
                        Duration.ofSeconds(31),
                        Duration.ofSeconds(32),
                        Duration.ofMillis(33),
                        Duration.ofSeconds(34),
                        Duration.ofSeconds(35)),
                new EngineConfig.Journal(19, 20, Duration.ofMillis(21), Duration.ofMillis(22), DataSize.ofBytes(23)),
                new EngineConfig.Retention(Duration.ofHours(24), 25, Duration.ofSeconds(26), 27)));
    }

    @Test
    void refusesAnUnknownRuntime() {
        var settings = new Settings(List.of(Source.flags(Map.of("engine.auto-order", "native, podman"))));
        read(settings);
        assertThatThrownBy(settings::finish).hasMessageContaining("'podman' is not a runtime; use native, docker, process");
    }
}
