package dev.faas.drivers.docker;

import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.model.Version;
import com.github.dockerjava.core.DefaultDockerClientConfig;
import com.github.dockerjava.core.DockerClientConfig;
import com.github.dockerjava.core.DockerClientImpl;
import com.github.dockerjava.core.RemoteApiVersion;
import com.github.dockerjava.transport.DockerHttpClient;
import com.github.dockerjava.zerodep.ZerodepDockerHttpClient;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// The way to one Docker Engine, which may come and go. Thread-safe; every call ends at a deadline.
final class Engine implements AutoCloseable {

    /// The newest version of the API this driver was written for; an older engine gets its own.
    private static final RemoteApiVersion NEWEST = RemoteApiVersion.VERSION_1_44;

    private static final Duration CONNECT_LIMIT = Duration.ofSeconds(3);

    private static final int OK = 200;

    private final DockerDriverConfig limits;
    private final DockerClientConfig config;
    private final DockerHttpClient http;
    private final DockerClient unversioned;
    private volatile @Nullable Session session;

    Engine(DockerDriverConfig limits) {
        this.limits = limits;
        config = clientConfig(limits.host(), RemoteApiVersion.UNKNOWN_VERSION);
        http = new ZerodepDockerHttpClient.Builder()
                .dockerHost(config.getDockerHost())
                .sslConfig(config.getSSLConfig())
                .connectionTimeout(CONNECT_LIMIT)
                .build();
        unversioned = DockerClientImpl.getInstance(config, http);
    }

    /// Where it is.
    String address() {
        return config.getDockerHost().toString();
    }

    /// Asks the engine for its version, in the time a status may take.
    Version version() {
        return Deadline.call("asking the engine for its version", limits.probeLimit(), () -> unversioned
                .versionCmd()
                .exec());
    }

    /// The version of the API that both sides know; asked for once.
    RemoteApiVersion apiVersion() {
        return session().version;
    }

    /// One question to the engine that is answered at once.
    <T> T ask(String doing, Function<DockerClient, T> question) {
        return within(limits.callLimit(), doing, question);
    }

    /// Removes something; that it isn't there is as good.
    void remove(String doing, Function<DockerClient, Void> removal) {
        try {
            ask(doing, removal);
        } catch (EngineException e) {
            if (!e.isNotFound()) {
                throw e;
            }
        }
    }

    <T> T within(Duration limit, String doing, Function<DockerClient, T> question) {
        var client = session().client;
        return Deadline.call(doing, limit, () -> question.apply(client));
    }

    /// A call that docker-java has no method for.
    ///
    /// @param path without the version
    DockerHttpClient.Response raw(String doing, DockerHttpClient.Request.Builder request, String path) {
        return Deadline.call(doing, limits.callLimit(), () -> execute(request, path));
    }

    private DockerHttpClient.Response execute(DockerHttpClient.Request.Builder request, String path) {
        return http.execute(request.path("/v" + session().version.getVersion() + path).build());
    }

    /// Asks for a document that docker-java has no fitting method for.
    <T> T get(String doing, String path, Class<T> type) {
        var request = DockerHttpClient.Request.builder().method(DockerHttpClient.Request.Method.GET);
        return Deadline.call(doing, limits.callLimit(), () -> {
            try (var response = execute(request, path)) {
                if (response.getStatusCode() != OK) {
                    throw EngineException.refused(response.getStatusCode(), doing);
                }
                return config.getObjectMapper().readValue(response.getBody(), type);
            }
        });
    }

    @Override
    public void close() {
        try {
            http.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// Two callers may negotiate at once; they get the same answer.
    private Session session() {
        var known = session;
        if (known == null) {
            var offered = RemoteApiVersion.parseConfig(version().getApiVersion());
            var version = NEWEST.isGreaterOrEqual(offered) ? offered : NEWEST;
            var client = DockerClientImpl.getInstance(clientConfig(limits.host(), version), http);
            known = new Session(version, client);
            session = known;
        }
        return known;
    }

    private static DockerClientConfig clientConfig(String host, RemoteApiVersion version) {
        var builder = DefaultDockerClientConfig.createDefaultConfigBuilder().withApiVersion(version);
        return (host.isEmpty() ? builder : builder.withDockerHost(host)).build();
    }

    private record Session(RemoteApiVersion version, DockerClient client) {}
}
