package dev.faas.sdk;

import java.net.URI;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// How to reach a server.
///
/// @param apiKey         sent as bearer token; empty for a server without keys
/// @param connectTimeout of one attempt
/// @param requestTimeout how long the server may be silent. A command may run longer than that only in the background
/// or as a stream
/// @param retries        further attempts after a failure that may pass; 0 switches retries off
/// @param backoff        before the first further attempt; doubles with each, plus up to as much again by chance
public record ClientConfig(
        URI baseUrl,
        Optional<String> apiKey,
        Duration connectTimeout,
        Duration requestTimeout,
        int retries,
        Duration backoff) {

    public static final URI LOCAL = URI.create("http://127.0.0.1:8080");

    public ClientConfig {
        var scheme = baseUrl.getScheme();
        if (baseUrl.getHost() == null || !"http".equals(scheme) && !"https".equals(scheme)) {
            throw new IllegalArgumentException(
                    "'" + baseUrl + "' is not the address of a server; write http://host:port");
        }
        if (retries < 0) {
            throw new IllegalArgumentException("retries can't be negative");
        }
    }

    /// A server at this address, without a key, with three retries.
    public static ClientConfig of(URI baseUrl) {
        return new ClientConfig(
                baseUrl, Optional.empty(), Duration.ofSeconds(5), Duration.ofMinutes(10), 3, Duration.ofMillis(100));
    }

    /// `FAAS_URL` and `FAAS_API_KEY`, or the server on this machine.
    public static ClientConfig fromEnvironment() {
        var url = System.getenv("FAAS_URL");
        var key = System.getenv("FAAS_API_KEY");
        return of(url == null ? LOCAL : URI.create(url)).withApiKey(key);
    }

    public ClientConfig withApiKey(@Nullable String newApiKey) {
        return new ClientConfig(
                baseUrl, Optional.ofNullable(newApiKey), connectTimeout, requestTimeout, retries, backoff);
    }

    public ClientConfig withRequestTimeout(Duration newTimeout) {
        return new ClientConfig(baseUrl, apiKey, connectTimeout, newTimeout, retries, backoff);
    }

    public ClientConfig withRetries(int newRetries, Duration newBackoff) {
        return new ClientConfig(
                baseUrl, apiKey, connectTimeout, requestTimeout, newRetries, Objects.requireNonNull(newBackoff));
    }

    /// Without the key.
    @Override
    public String toString() {
        return "ClientConfig[" + baseUrl + (apiKey.isPresent() ? ", with a key" : "") + ", " + retries + " retries]";
    }
}
