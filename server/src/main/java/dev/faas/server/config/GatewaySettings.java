package dev.faas.server.config;

import dev.faas.core.common.DataSize;
import dev.faas.core.common.PlatformException;
import dev.faas.core.image.ImageReference;
import dev.faas.core.sandbox.Limits;
import dev.faas.core.sandbox.Network;
import dev.faas.gateway.auth.ApiKey;
import dev.faas.gateway.http.GatewayConfig;
import dev.faas.gateway.limit.BatchLimits;
import dev.faas.gateway.limit.HttpLimits;
import dev.faas.gateway.limit.RequestPolicy;
import java.util.ArrayList;
import java.util.List;

/// Where the gateway listens, who may ask, and the bounds of requests.
final class GatewaySettings {

    private static final GatewayConfig DEFAULT = GatewayConfig.DEFAULT;
    private static final Key ADDRESS =
            Key.of("server.addr", "Where to listen; `:8080` is every address, which needs an API key.").as("SERVER_ADDR");
    private static final Key KEYS = Key.of(
            "api-keys", "Hashed API keys, `name:sha256[:tenant[:scopes]]`, beside those of `./faas key create`.");
    private static final int MANY = 1_000_000;

    private GatewaySettings() {}

    /// @param storedKeys those of the data directory
    static GatewayConfig read(Settings settings, Limits limits, Network network, List<String> storedKeys) {
        var address = settings.parsed(
                ADDRESS, "host:port", new ListenAddress(DEFAULT.host(), DEFAULT.port()), ListenAddress::parse);
        var keys = keys(settings, storedKeys);
        var http = http(settings);
        var requests = requests(settings, limits, network);
        var batch = batch(settings);
        var idempotencyPeriod = settings.duration(
                Key.of("http.idempotency-period", "How long an answer is kept for its Idempotency-Key."),
                DEFAULT.idempotencyPeriod());
        var heartbeat = settings.duration(
                Key.of("http.stream-heartbeat", "The longest silence of a stream."), DEFAULT.streamHeartbeat());
        try {
            return new GatewayConfig(
                    address.host(), address.port(), keys, http, requests, batch, idempotencyPeriod, heartbeat, version());
        } catch (IllegalArgumentException e) {
            settings.refuse(ADDRESS, String.valueOf(e.getMessage()));
            return DEFAULT;
        }
    }

    private static String version() {
        var version = GatewaySettings.class.getPackage().getImplementationVersion();
        return version == null ? DEFAULT.version() : version;
    }

    private static List<ApiKey> keys(Settings settings, List<String> storedKeys) {
        var written = new ArrayList<>(storedKeys);
        written.addAll(settings.list(KEYS, List.of()));
        var keys = new ArrayList<ApiKey>();
        for (var text : written) {
            try {
                keys.add(ApiKey.parse(text));
            } catch (IllegalArgumentException e) {
                settings.refuse(KEYS, String.valueOf(e.getMessage()));
            }
        }
        return keys;
    }

    private static HttpLimits http(Settings settings) {
        var fallback = DEFAULT.http();
        return new HttpLimits(
                settings.size(Key.of("http.max-body", "Body of any request but an image import."), fallback.maxBody()),
                settings.size(Key.of("http.max-import", "Body of an image import."), fallback.maxImport()),
                settings.size(Key.of("http.max-headers", "All header lines of a request together."), fallback.maxHeaders()),
                settings.size(Key.of("http.max-request-line", "Method, path and query."), fallback.maxRequestLine()),
                settings.number(
                        Key.of("http.max-connections", "Beyond it new connections wait in the kernel's queue."),
                        fallback.maxConnections(), 1, MANY),
                settings.number(
                        Key.of("http.max-requests", "Executions asked for at once; one more is answered 429."),
                        fallback.maxRequests(), 1, MANY),
                settings.duration(
                        Key.of("http.header-timeout", "From a request's first byte to the end of its headers."),
                        fallback.headerTimeout()),
                settings.duration(
                        Key.of("http.body-grace", "For so long a body may be as slow as it likes."), fallback.bodyGrace()),
                settings.size(
                        Key.of("http.min-body-rate", "Bytes a second; a slower body is cut off after the grace."),
                        fallback.minBodyRate()),
                settings.duration(
                        Key.of("http.idle-timeout", "How long a connection may wait for its next request."),
                        fallback.idleTimeout()));
    }

    private static RequestPolicy requests(Settings settings, Limits limits, Network network) {
        var fallback = DEFAULT.requests();
        return new RequestPolicy(
                image(settings, fallback),
                network,
                limits,
                maxLimits(settings, fallback.maxLimits()),
                settings.duration(Key.of("request.timeout", "Of a command unless the request says."), fallback.timeout()),
                settings.duration(Key.of("request.max-timeout", "The most a request may ask for."), fallback.maxTimeout()),
                settings.size(
                        Key.of("request.output-limit", "Bytes kept of each of stdout and stderr unless the request says."),
                        fallback.outputLimit()),
                settings.size(
                        Key.of("request.max-output-limit", "The most a request may ask for."), fallback.maxOutputLimit()),
                settings.number(
                        Key.of("request.max-files", "Files put in, and files returned."), fallback.maxFiles(), 0, 100_000),
                settings.number(
                        Key.of("request.max-labels", "Labels of one execution."), fallback.maxLabels(), 0, 10_000),
                settings.duration(
                        Key.of("request.max-cache-ttl", "The most a request in the mode `cached` may ask for."),
                        fallback.maxCacheTtl()));
    }

    private static ImageReference image(Settings settings, RequestPolicy fallback) {
        return settings.parsed(
                Key.of("request.image", "What a request runs in unless it says."), "image", fallback.image(), text -> {
                    try {
                        return ImageReference.of(text);
                    } catch (PlatformException e) {
                        throw new IllegalArgumentException(e.getMessage(), e);
                    }
                });
    }

    private static Limits maxLimits(Settings settings, Limits fallback) {
        DataSize memory = settings.size(Key.of("request.max-memory", "The most a request may ask for."), fallback.memory());
        return new Limits(
                memory,
                settings.number(
                        Key.of("request.max-cpu-millis", "The same for thousandths of a core."), fallback.cpuMillis(), 10, MANY),
                settings.number(
                        Key.of("request.max-processes", "The same for processes and threads."), fallback.processes(), 1, MANY),
                settings.size(Key.of("request.max-disk", "The same for the writable layer."), fallback.disk()),
                settings.number(
                        Key.of("request.max-open-files", "The same for open files of a process."),
                        fallback.openFiles(), 16, 2 * MANY),
                fallback.readBps(),
                fallback.writeBps());
    }

    private static BatchLimits batch(Settings settings) {
        var fallback = DEFAULT.batch();
        return new BatchLimits(
                settings.number(Key.of("batch.max-items", "Commands of one batch."), fallback.maxItems(), 1, 100_000),
                settings.number(Key.of("batch.max-parallel", "Of them at once."), fallback.maxParallel(), 1, 10_000));
    }
}
