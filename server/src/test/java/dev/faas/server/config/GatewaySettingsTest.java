package dev.faas.server.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.faas.core.common.DataSize;
import dev.faas.core.image.ImageReference;
import dev.faas.core.sandbox.Limits;
import dev.faas.core.sandbox.Network;
import dev.faas.gateway.auth.ApiKey;
import dev.faas.gateway.http.GatewayConfig;
import dev.faas.gateway.limit.BatchLimits;
import dev.faas.gateway.limit.HttpLimits;
import dev.faas.gateway.limit.RequestPolicy;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class GatewaySettingsTest {

    private static final String HASHED = "ci:" + ApiKey.hashOf("faas_secret");

    private static GatewayConfig read(Settings settings) {
        return GatewaySettings.read(settings, Limits.DEFAULT, new Network.None(), List.of());
    }

    @Test
    void takesTheGatewaysDefaults() {
        TwoCases.assertDefaults(GatewaySettingsTest::read, GatewayConfig.DEFAULT);
    }

    @Test
    void mapsEveryKey() {
        var written = Map.ofEntries(
                Map.entry("server.addr", ":1"),
                Map.entry("api-keys", HASHED),
                Map.entry("http.max-body", "2"),
                Map.entry("http.max-import", "3"),
                Map.entry("http.max-headers", "4"),
                Map.entry("http.max-request-line", "5"),
                Map.entry("http.max-connections", "6"),
                Map.entry("http.max-requests", "7"),
                Map.entry("http.header-timeout", "8s"),
                Map.entry("http.body-grace", "9s"),
                Map.entry("http.min-body-rate", "10"),
                Map.entry("http.idle-timeout", "11s"),
                Map.entry("http.idempotency-period", "12s"),
                Map.entry("http.stream-heartbeat", "13s"),
                Map.entry("request.image", "faas/python"),
                Map.entry("request.timeout", "14s"),
                Map.entry("request.max-timeout", "15s"),
                Map.entry("request.output-limit", "16"),
                Map.entry("request.max-output-limit", "17"),
                Map.entry("request.max-files", "18"),
                Map.entry("request.max-labels", "19"),
                Map.entry("request.max-cache-ttl", "27s"),
                Map.entry("request.max-memory", "20"),
                Map.entry("request.max-cpu-millis", "21"),
                Map.entry("request.max-processes", "22"),
                Map.entry("request.max-disk", "23"),
                Map.entry("request.max-open-files", "24"),
                Map.entry("batch.max-items", "25"),
                Map.entry("batch.max-parallel", "26"));
        var expected = new GatewayConfig(
                "0.0.0.0",
                1,
                List.of(ApiKey.parse(HASHED)),
                new HttpLimits(bytes(2), bytes(3), bytes(4), bytes(5), 6, 7, seconds(8), seconds(9), bytes(10), seconds(11)),
                new RequestPolicy(
                        ImageReference.of("faas/python"), new Network.None(), Limits.DEFAULT,
                        new Limits(bytes(20), 21, 22, bytes(23), 24, 0, 0),
                        seconds(14), seconds(15), bytes(16), bytes(17), 18, 19, seconds(27)),
                new BatchLimits(25, 26),
                seconds(12),
                seconds(13),
                GatewayConfig.DEFAULT.version());
        TwoCases.assertEveryKeyIsMapped(GatewaySettingsTest::read, written, expected);
    }

    private static DataSize bytes(long count) {
        return DataSize.ofBytes(count);
    }

    private static Duration seconds(long count) {
        return Duration.ofSeconds(count);
    }

    @Test
    void listensToTheWorldOnlyWithAKey() {
        var open = new Settings(List.of(Source.environment(Map.of("SERVER_ADDR", "0.0.0.0:8080"))));
        read(open);
        assertThatThrownBy(open::finish).hasMessageContaining("SERVER_ADDR").hasMessageContaining("without an API key");

        var guarded = new Settings(List.of(Source.environment(Map.of("SERVER_ADDR", "0.0.0.0:8080", "FAAS_API_KEYS", HASHED))));
        assertThat(read(guarded).host()).isEqualTo("0.0.0.0");
        assertThat(guarded.finish()).isNotEmpty();
    }

    @Test
    void aKeyInTheClearIsRefusedAndNotRepeated() {
        var settings = new Settings(List.of(Source.flags(Map.of("api-keys", "faas_secret"))));
        read(settings);
        assertThatThrownBy(settings::finish).message().contains("SHA-256").doesNotContain("faas_secret");
    }

    @Test
    void readsAddressesAsPeopleWriteThem() {
        assertThat(ListenAddress.parse(":80")).isEqualTo(new ListenAddress("0.0.0.0", 80));
        assertThat(ListenAddress.parse("[::1]:80")).isEqualTo(new ListenAddress("::1", 80)).hasToString("[::1]:80");
        assertThat(ListenAddress.parse("localhost:0")).hasToString("localhost:0");
        assertThatThrownBy(() -> ListenAddress.parse("localhost")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> ListenAddress.parse("a:65536")).isInstanceOf(IllegalArgumentException.class);
    }
}
