package dev.faas.gateway;

import dev.faas.core.cache.ResultCache;
import dev.faas.core.cache.ResultCacheConfig;
import dev.faas.core.common.SystemTime;
import dev.faas.core.execution.EngineConfig;
import dev.faas.core.execution.ExecutionEngine;
import dev.faas.core.execution.Placement;
import dev.faas.core.execution.Reuse;
import dev.faas.core.instance.InstanceConfig;
import dev.faas.core.instance.InstanceKeeper;
import dev.faas.core.pool.PoolConfig;
import dev.faas.core.sandbox.Isolation;
import dev.faas.core.sandbox.SandboxDriver;
import dev.faas.gateway.http.GatewayConfig;
import dev.faas.gateway.metrics.GatewayMetrics;
import dev.faas.testkit.cache.InMemoryCachedResultRepository;
import dev.faas.testkit.execution.InMemoryExecutionRepository;
import dev.faas.testkit.image.FakeImageStore;
import dev.faas.testkit.instance.InMemoryInstanceRepository;
import dev.faas.testkit.sandbox.FakeSandboxDriver;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;

/// A listening gateway over the real engine, with sandboxes, records and images in memory. Every answer is held against
/// the contract.
final class GatewayFixture implements AutoCloseable {

    static final Contract CONTRACT = new Contract();

    final SystemTime time = new SystemTime();
    final FakeSandboxDriver driver = new FakeSandboxDriver(Isolation.NATIVE, time);
    final InMemoryExecutionRepository repository = new InMemoryExecutionRepository();
    final FakeImageStore images = new FakeImageStore();
    final GatewayMetrics metrics = new GatewayMetrics();
    final InMemoryInstanceRepository instanceRecords = new InMemoryInstanceRepository();
    final InstanceKeeper instances;
    private final ResultCache cache =
            new ResultCache(ResultCacheConfig.DEFAULT, new InMemoryCachedResultRepository(), time);
    final ExecutionEngine engine;
    final Gateway gateway;
    final HttpClient client =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    GatewayFixture() {
        this(GatewayConfig.DEFAULT);
    }

    GatewayFixture(GatewayConfig config) {
        // Most tests look for sandboxes by the ids of executions.
        this(config, PoolConfig.OFF);
    }

    GatewayFixture(GatewayConfig config, PoolConfig pools) {
        var drivers = List.<SandboxDriver>of(driver);
        var engineConfig = EngineConfig.DEFAULT.withPools(pools);
        instances = new InstanceKeeper(
                InstanceConfig.DEFAULT, new Placement(engineConfig, drivers), drivers, instanceRecords, time);
        engine = new ExecutionEngine(
                engineConfig, drivers, repository, metrics.executions(), time, new Reuse(instances, cache));
        var parts = new Gateway.Parts(engine, cache, instances, repository, images, images::importArchive, Path.of("/"));
        gateway = Gateway.start(config.withAddress("127.0.0.1", 0), parts, metrics);
    }

    /// Runs a command and returns the answer, which must have the status.
    Answer execute(int status, String body, String... headers) {
        return post(status, "/api/v1/execute", body, headers);
    }

    Answer post(int status, String path, String body, String... headers) {
        return call(status, "POST", path, BodyPublishers.ofString(body), withType("application/json", headers));
    }

    Answer get(int status, String path, String... headers) {
        return call(status, "GET", path, BodyPublishers.noBody(), headers);
    }

    Answer delete(int status, String path, String... headers) {
        return call(status, "DELETE", path, BodyPublishers.noBody(), headers);
    }

    Answer call(int status, String method, String path, BodyPublisher body, String... headers) {
        var request = HttpRequest.newBuilder(uri(path)).method(method, body).timeout(Duration.ofSeconds(30));
        if (headers.length > 0) {
            request.headers(headers);
        }
        try {
            var response = client.send(request.build(), BodyHandlers.ofByteArray());
            var answer = new Answer(response);
            if (response.statusCode() != status) {
                throw new AssertionError(method + " " + path + " answered " + response.statusCode() + " instead of "
                        + status + ": " + answer.text());
            }
            CONTRACT.check(
                    method, path.replaceFirst("\\?.*", ""), status, answer.header("content-type"), response.body());
            return answer;
        } catch (IOException | InterruptedException e) {
            throw new AssertionError(method + " " + path, e);
        }
    }

    static String[] withType(String type, String... headers) {
        for (int i = 0; i < headers.length; i += 2) {
            if (headers[i].equalsIgnoreCase("Content-Type")) {
                return headers;
            }
        }
        var all = new String[headers.length + 2];
        System.arraycopy(headers, 0, all, 0, headers.length);
        all[headers.length] = "Content-Type";
        all[headers.length + 1] = type;
        return all;
    }

    URI uri(String path) {
        return URI.create(gateway.uri() + path);
    }

    static String json(Map<String, Object> body) {
        return Contract.JSON.writeValueAsString(body);
    }

    @Override
    public void close() {
        driver.onRequireImage(_ -> {});
        driver.onCreate(_ -> {});
        driver.onDestroy(_ -> {});
        repository.setAway(false);
        driver.close();
        gateway.close();
        client.close();
        engine.close();
        instances.close();
        cache.close();
        metrics.close();
        time.close();
    }

    record Answer(HttpResponse<byte[]> response) {

        JsonNode body() {
            return Contract.JSON.readTree(response.body());
        }

        String text() {
            return new String(response.body(), StandardCharsets.UTF_8);
        }

        String header(String name) {
            return response.headers().firstValue(name).orElse("");
        }

        String string(String field) {
            return body().get(field).stringValue();
        }
    }
}
