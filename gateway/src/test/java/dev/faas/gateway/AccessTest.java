package dev.faas.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.faas.gateway.auth.ApiKey;
import dev.faas.gateway.auth.BrowserGuard;
import dev.faas.gateway.http.GatewayConfig;
import java.io.IOException;
import java.security.SecureRandom;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Who may ask, and who may not.
class AccessTest {

    private static final String ADMIN = ApiKey.generate(new SecureRandom());
    private static final String READER = ApiKey.generate(new SecureRandom());
    private static final String OTHER = ApiKey.generate(new SecureRandom());

    private static GatewayConfig keyed() {
        return GatewayConfig.DEFAULT.withKeys(List.of(
                ApiKey.parse("admin:" + ApiKey.hashOf(ADMIN)),
                ApiKey.parse("reader:" + ApiKey.hashOf(READER) + ":default:read"),
                ApiKey.parse("other:" + ApiKey.hashOf(OTHER) + ":team-b")));
    }

    @Test
    void asksForAKey() {
        try (var fixture = new GatewayFixture(keyed())) {
            var body = "{\"command\": \"true\"}";
            var refused = fixture.execute(401, body);
            assertThat(refused.string("code")).isEqualTo("unauthorized");
            assertThat(refused.header("WWW-Authenticate")).isEqualTo("Bearer");
            fixture.execute(401, body, "X-API-Key", "faas_wrong");
            fixture.execute(401, body, "Authorization", "Basic " + ADMIN);
            fixture.execute(401, body, "X-API-Key", ADMIN + "x");
            fixture.execute(401, body, "X-API-Key", "x".repeat(5000));
            fixture.get(401, "/metrics");

            fixture.execute(200, body, "X-API-Key", ADMIN);
            fixture.execute(200, body, "Authorization", "Bearer " + ADMIN);
            fixture.get(200, "/health");
            fixture.get(200, "/ready");
            fixture.get(200, "/openapi.json");
            assertThat(fixture.get(200, "/metrics", "X-API-Key", ADMIN).text())
                    .contains("faas_auth_failures_total 6.0");
        }
    }

    @Test
    void keepsToTheScope() {
        try (var fixture = new GatewayFixture(keyed())) {
            fixture.get(200, "/api/v1/executions", "X-API-Key", READER);
            assertThat(fixture.execute(403, "{\"command\": \"true\"}", "X-API-Key", READER)
                            .string("code"))
                    .isEqualTo("forbidden");
            fixture.post(403, "/api/v1/images/prune", "", "X-API-Key", READER);
        }
    }

    @Test
    void showsNobodyAnotherTenantsExecutions() {
        try (var fixture = new GatewayFixture(keyed())) {
            var id = fixture.execute(200, "{\"command\": \"true\"}", "X-API-Key", ADMIN)
                    .string("request_id");

            fixture.get(200, "/api/v1/executions/" + id, "X-API-Key", ADMIN);
            fixture.get(404, "/api/v1/executions/" + id, "X-API-Key", OTHER);
            fixture.delete(404, "/api/v1/executions/" + id, "X-API-Key", OTHER);
            assertThat(fixture.get(200, "/api/v1/executions", "X-API-Key", OTHER)
                            .body()
                            .get("executions"))
                    .isEmpty();
        }
    }

    @Test
    void listensBeyondLoopbackOnlyWithAKey() {
        for (var host : new String[] {"0.0.0.0", "::", "192.0.2.1"}) {
            assertThatThrownBy(() -> GatewayConfig.DEFAULT.withAddress(host, 8080))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("without an API key");
        }
        for (var host : new String[] {"localhost", "127.0.0.1", "127.9.9.9", "::1"}) {
            assertThat(GatewayConfig.DEFAULT.withAddress(host, 8080).host()).isEqualTo(host);
        }
        assertThat(keyed().withAddress("0.0.0.0", 8080).host()).isEqualTo("0.0.0.0");
    }

    @Test
    void aKeyIsNeverShown() {
        var key = ApiKey.parse("admin:" + ApiKey.hashOf(ADMIN));

        assertThat(ADMIN).matches("faas_[A-Za-z0-9_-]{43}");
        assertThat(keyed().toString()).doesNotContain(ApiKey.hashOf(ADMIN)).doesNotContain(ADMIN);
        assertThat(key.toString()).isEqualTo("ApiKey[admin, tenant default, " + key.scopes() + "]");
        assertThatThrownBy(() -> ApiKey.parse("admin:" + ADMIN)).hasMessageNotContaining(ADMIN);
        assertThatThrownBy(() -> ApiKey.parse(ADMIN)).hasMessageNotContaining(ADMIN);
        assertThatThrownBy(() -> ApiKey.parse("a:" + ApiKey.hashOf(ADMIN) + ":t:write"))
                .hasMessageContaining("is not a scope");
    }

    @Test
    void refusesPagesOfOtherOrigins() throws IOException {
        try (var fixture = new GatewayFixture()) {
            var body = "{\"command\": \"true\"}";
            assertThat(fixture.execute(403, body, "Origin", "https://evil.example")
                            .string("code"))
                    .isEqualTo("forbidden");
            fixture.execute(403, body, "Origin", "null");
            fixture.execute(403, body, "Origin", "http://127.0.0.1:1");
            fixture.execute(403, body, "Sec-Fetch-Site", "cross-site");
            fixture.get(403, "/health", "Sec-Fetch-Site", "same-site");
            fixture.execute(200, body, "Origin", fixture.gateway.uri().toString(), "Sec-Fetch-Site", "same-origin");
            assertThat(fixture.get(200, "/metrics").text()).contains("faas_security_violations_total 5.0");

            assertThat(RawClient.ask(fixture.gateway.port(), "GET /health HTTP/1.1\r\nHost: evil.example\r\n\r\n"))
                    .startsWith("HTTP/1.1 403");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "localhost",
                "LOCALHOST:1",
                "127.0.0.1",
                "127.1.2.3:8080",
                "[::1]",
                "[::1]:80",
                "[0:0:0:0:0:0:0:1]"
            })
    void knowsTheNamesOfLoopback(String host) {
        BrowserGuard.check(host, Optional.empty(), Optional.of("none"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "localhost.evil.example",
                "127.0.0.1.nip.io",
                "evil.example:8080",
                "[::2]",
                "0.0.0.0",
                "127.0.0.1@x"
            })
    void refusesOtherNames(String host) {
        assertThatThrownBy(() -> BrowserGuard.check(host, Optional.empty(), Optional.empty()))
                .hasMessageContaining("loopback");
    }
}
