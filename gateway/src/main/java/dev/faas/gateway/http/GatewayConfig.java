package dev.faas.gateway.http;

import dev.faas.gateway.auth.ApiKey;
import dev.faas.gateway.limit.BatchLimits;
import dev.faas.gateway.limit.HttpLimits;
import dev.faas.gateway.limit.RequestPolicy;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.List;

/// Everything about the gateway that can be set. There is no such thing as a gateway that listens to the world without
/// a key: its
/// configuration can't be made.
///
/// @param host               name or address to listen on
/// @param port               0 for any free one
/// @param keys               none means that everybody on this machine may ask
/// @param idempotencyPeriod  how long an answer is kept for its Idempotency-Key
/// @param streamHeartbeat    the longest silence of a stream
/// @param version            what `/health` reports
public record GatewayConfig(
        String host,
        int port,
        List<ApiKey> keys,
        HttpLimits http,
        RequestPolicy requests,
        BatchLimits batch,
        Duration idempotencyPeriod,
        Duration streamHeartbeat,
        String version) {

    public static final GatewayConfig DEFAULT = new GatewayConfig(
            "127.0.0.1",
            8080,
            List.of(),
            HttpLimits.DEFAULT,
            RequestPolicy.DEFAULT,
            BatchLimits.DEFAULT,
            Duration.ofHours(24),
            Duration.ofSeconds(15),
            "0.1.0");

    /// @throws IllegalArgumentException when it would listen beyond loopback without a key
    public GatewayConfig {
        keys = List.copyOf(keys);
        if (keys.isEmpty() && !address(host).isLoopbackAddress()) {
            throw new IllegalArgumentException("refusing to listen on " + host
                    + " without an API key: anybody who reaches it could run commands."
                    + " Configure a key, or listen on 127.0.0.1");
        }
        if (keys.stream().map(ApiKey::name).distinct().count() < keys.size()) {
            throw new IllegalArgumentException("two API keys have the same name");
        }
    }

    public GatewayConfig withAddress(String newHost, int newPort) {
        return new GatewayConfig(
                newHost, newPort, keys, http, requests, batch, idempotencyPeriod, streamHeartbeat, version);
    }

    public GatewayConfig withKeys(List<ApiKey> newKeys) {
        return new GatewayConfig(
                host, port, newKeys, http, requests, batch, idempotencyPeriod, streamHeartbeat, version);
    }

    public GatewayConfig withHttp(HttpLimits newHttp) {
        return new GatewayConfig(
                host, port, keys, newHttp, requests, batch, idempotencyPeriod, streamHeartbeat, version);
    }

    public GatewayConfig withRequests(RequestPolicy newRequests) {
        return new GatewayConfig(
                host, port, keys, http, newRequests, batch, idempotencyPeriod, streamHeartbeat, version);
    }

    /// Where it listens.
    InetAddress address() {
        return address(host);
    }

    private static InetAddress address(String host) {
        try {
            return InetAddress.getByName(host);
        } catch (UnknownHostException e) {
            throw new IllegalArgumentException("can't listen on '" + host + "': the name is not known", e);
        }
    }
}
