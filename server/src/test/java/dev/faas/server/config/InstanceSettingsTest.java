package dev.faas.server.config;

import dev.faas.core.instance.InstanceConfig;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;

class InstanceSettingsTest {

    @Test
    void takesTheKeepersDefaults() {
        TwoCases.assertDefaults(InstanceSettings::read, InstanceConfig.DEFAULT);
    }

    @Test
    void mapsEveryKey() {
        var written = Map.of(
                "instances.max", "1",
                "instances.max-per-tenant", "2",
                "instances.patience", "3s",
                "instances.keep-ended", "4h",
                "instances.interval", "7s",
                "instances.retry-delay", "6ms");
        TwoCases.assertEveryKeyIsMapped(
                InstanceSettings::read,
                written,
                new InstanceConfig(
                        1, 2, Duration.ofSeconds(3), Duration.ofHours(4), Duration.ofSeconds(7), Duration.ofMillis(6)));
    }
}
