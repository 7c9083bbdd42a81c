package dev.faas.sdk;

import dev.faas.api.BatchRequest;
import dev.faas.api.BatchResponse;
import dev.faas.api.DetailedMetrics;
import dev.faas.api.ExecuteRequest;
import dev.faas.api.ExecuteResponse;
import dev.faas.api.Execution;
import dev.faas.api.ExecutionPage;
import dev.faas.api.Health;
import dev.faas.api.ImageDescription;
import dev.faas.api.ImageFrame;
import dev.faas.api.ImageList;
import dev.faas.api.MetricsSummary;
import dev.faas.api.PruneResponse;
import dev.faas.api.PullRequest;
import dev.faas.api.Readiness;
import dev.faas.api.RuntimeList;
import dev.faas.api.StreamFrame;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Talks to a server of the platform. Thread-safe; blocks; every method throws [FaasException].
///
/// Failures that may pass are tried again as [ClientConfig#retries()] says. Requests with effects carry an `Idempotency-Key`
/// then, so that a repetition never runs a command twice.
public final class FaasClient implements AutoCloseable {

    private static final String EXECUTE = "/api/v1/execute";
    private static final String EXECUTIONS = "/api/v1/executions";
    private static final String IMAGES = "/api/v1/images";
    private static final String JSON = "application/json";
    private static final String NDJSON = "application/x-ndjson";

    private final Transport transport;

    public FaasClient(ClientConfig config) {
        this.transport = new Transport(config);
    }

    /// A client of the server at this address, without a key.
    public static FaasClient connect(String baseUrl) {
        return new FaasClient(ClientConfig.of(URI.create(baseUrl)));
    }

    /// Runs a command and waits for its end.
    public ExecuteResponse execute(ExecuteRequest request) {
        return execute(request, null);
    }

    /// As [#execute(ExecuteRequest)], under a key of the caller's own: whoever repeats it, even another process, gets the same answer.
    public ExecuteResponse execute(ExecuteRequest request, @Nullable String idempotencyKey) {
        var post = transport.idempotent(transport.post(EXECUTE, json(request), JSON), idempotencyKey);
        return transport.send(post.build(), ExecuteResponse.class);
    }

    /// Runs a command in the background; it is recorded when this returns.
    public Execution executeAsync(ExecuteRequest request) {
        var post = transport.idempotent(transport.post(EXECUTE, json(request), JSON), null);
        return transport.send(post.header("Prefer", "respond-async").build(), Execution.class);
    }

    /// Runs a command and follows it: output arrives while it runs. Never repeated by itself. The caller closes the stream; closing
    /// it early cancels the execution.
    public FrameStream<StreamFrame> stream(ExecuteRequest request) {
        var post = transport.post(EXECUTE, json(request), JSON).header("Accept", NDJSON);
        return new FrameStream<>(transport.sendOnce(post.build()), Wire::streamFrame);
    }

    /// As [#stream(ExecuteRequest)], with every frame handed to the listener; returns the result.
    public ExecuteResponse stream(ExecuteRequest request, Consumer<StreamFrame> listener) {
        try (var frames = stream(request)) {
            for (var frame : frames) {
                listener.accept(frame);
                switch (frame) {
                    case StreamFrame.Result(_, var result) -> {
                        return result;
                    }
                    case StreamFrame.Failure(_, var error) -> throw FaasException.of(error, null);
                    case StreamFrame.Started _, StreamFrame.Output _ -> {}
                }
            }
        }
        throw FaasException.unexpected(200, "the stream ended without a result");
    }

    /// Runs many commands side by side.
    public BatchResponse batch(BatchRequest batch) {
        var post = transport.idempotent(transport.post(EXECUTE + "/batch", json(batch), JSON), null);
        return transport.send(post.build(), BatchResponse.class);
    }

    /// What is remembered of an execution.
    public Execution get(String id) {
        return transport.send(transport.request(EXECUTIONS + "/" + encode(id)).build(), Execution.class);
    }

    /// A page of executions, newest first.
    public ExecutionPage list(ListFilter filter) {
        return transport.send(transport.request(EXECUTIONS + filter.query()).build(), ExecutionPage.class);
    }

    /// Ends an execution and returns its final record. Not repeated: the second answer would be a conflict.
    public Execution cancel(String id) {
        var delete = transport.request(EXECUTIONS + "/" + encode(id)).DELETE().build();
        return read(transport.sendOnce(delete), Execution.class);
    }

    /// Each isolation technology of the server.
    public RuntimeList runtimes() {
        return transport.send(transport.request("/api/v1/runtimes").build(), RuntimeList.class);
    }

    /// The images on the server's machine.
    public List<ImageDescription> images() {
        return transport.send(transport.request(IMAGES).build(), ImageList.class).images();
    }

    /// Makes an image available, with its progress handed to the listener.
    public ImageDescription pullImage(String image, Consumer<ImageFrame.Progress> listener) {
        var post = transport.post(IMAGES, json(new PullRequest(image)), JSON).header("Accept", NDJSON);
        return follow(transport.sendOnce(post.build()), listener);
    }

    /// Sends an image archive: of `docker save`, of an OCI layout or of a root file system.
    ///
    /// @param name    its name there; `null` takes the archive's own
    /// @param archive opened once, read to its end and closed
    public ImageDescription importImage(
            @Nullable String name, Supplier<InputStream> archive, Consumer<ImageFrame.Progress> listener) {
        var query = name == null ? "" : "?image=" + encode(name);
        var post = transport
                .post(IMAGES + "/import" + query, BodyPublishers.ofInputStream(archive), "application/octet-stream")
                .timeout(Duration.ofDays(1))
                .header("Accept", NDJSON);
        return follow(transport.sendOnce(post.build()), listener);
    }

    /// Takes an image's name away.
    public void removeImage(String image) {
        var delete = transport.request(IMAGES + "?image=" + encode(image)).DELETE().build();
        close(transport.sendOnce(delete));
    }

    /// Deletes the layers nothing needs any more.
    public PruneResponse pruneImages() {
        var post = transport.request(IMAGES + "/prune").POST(BodyPublishers.noBody()).build();
        return transport.send(post, PruneResponse.class);
    }

    /// Whether the server can do its work; a sick server's report is an answer too.
    public Health health() {
        return transport.report(transport.request("/health").build(), Health.class);
    }

    /// Whether the server takes executions now.
    public Readiness readiness() {
        return transport.report(transport.request("/ready").build(), Readiness.class);
    }

    public MetricsSummary metrics() {
        return transport.send(transport.request("/api/v1/metrics").build(), MetricsSummary.class);
    }

    public DetailedMetrics detailedMetrics() {
        return transport.send(transport.request("/api/v1/metrics/detailed").build(), DetailedMetrics.class);
    }

    private static ImageDescription follow(InputStream body, Consumer<ImageFrame.Progress> listener) {
        try (var frames = new FrameStream<>(body, Wire::imageFrame)) {
            for (var frame : frames) {
                switch (frame) {
                    case ImageFrame.Progress progress -> listener.accept(progress);
                    case ImageFrame.Result(_, var image) -> {
                        return image;
                    }
                    case ImageFrame.Failure(_, var error) -> throw FaasException.of(error, null);
                }
            }
        }
        throw FaasException.unexpected(200, "the stream ended without a result");
    }

    private static <T> T read(InputStream body, Class<T> type) {
        try (body) {
            return Wire.read(body, type);
        } catch (IOException e) {
            throw FaasException.unreachable("the answer broke off", e);
        }
    }

    private static void close(InputStream body) {
        try {
            body.close();
        } catch (IOException e) {
            throw FaasException.unreachable("the answer broke off", e);
        }
    }

    private static BodyPublisher json(Object value) {
        return BodyPublishers.ofByteArray(Wire.write(value));
    }

    private static String encode(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
    }

    /// Ends what is under way.
    @Override
    public void close() {
        transport.close();
    }
}
