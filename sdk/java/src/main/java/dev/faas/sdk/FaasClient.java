package dev.faas.sdk;

import dev.faas.api.BatchRequest;
import dev.faas.api.BatchResponse;
import dev.faas.api.CacheCleared;
import dev.faas.api.CacheStatistics;
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
import dev.faas.api.PoolList;
import dev.faas.api.PrewarmRequest;
import dev.faas.api.PrewarmResponse;
import dev.faas.api.PruneResponse;
import dev.faas.api.PullRequest;
import dev.faas.api.Readiness;
import dev.faas.api.RuntimeList;
import dev.faas.api.StreamFrame;
import java.io.InputStream;
import java.net.URI;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Talks to a server of the platform. Thread-safe; blocks; every method throws [FaasException].
///
/// Failures that may pass are tried again as [ClientConfig#retries()] says. Requests with effects carry an
/// `Idempotency-Key`
/// then, so that a repetition never runs a command twice.
public final class FaasClient implements AutoCloseable {

    private static final String EXECUTE = "/api/v1/execute";
    private static final String EXECUTIONS = "/api/v1/executions";
    private static final String CACHE = "/api/v1/cache";
    private static final String IMAGES = "/api/v1/images";
    private static final String PREWARM = "/api/v1/prewarm";
    private static final String JSON = "application/json";
    private static final String NDJSON = "application/x-ndjson";

    private final Transport transport;

    public FaasClient(ClientConfig config) {
        this.transport = new Transport(config);
    }

    /// A client of the server at this address.
    public static FaasClient connect(URI baseUrl, @Nullable String apiKey) {
        return new FaasClient(ClientConfig.of(baseUrl).withApiKey(apiKey));
    }

    /// Runs a command and waits for its end.
    public ExecuteResponse execute(ExecuteRequest request) {
        return execute(request, null);
    }

    /// As [#execute(ExecuteRequest)], under a key of the caller's own: whoever repeats it, even another process, gets
    /// the same answer.
    public ExecuteResponse execute(ExecuteRequest request, @Nullable String idempotencyKey) {
        return transport.send(transport.idempotent(post(EXECUTE, request), idempotencyKey), ExecuteResponse.class);
    }

    /// Runs a command in the background; it is recorded when this returns.
    public Execution executeAsync(ExecuteRequest request) {
        var call = transport.idempotent(post(EXECUTE, request), null).header("Prefer", "respond-async");
        return transport.send(call, Execution.class);
    }

    /// Runs a command and follows it: output arrives while it runs. Never repeated by itself. The caller closes the
    /// stream; closing
    /// it early cancels the execution.
    public FrameStream<StreamFrame> stream(ExecuteRequest request) {
        var answer = transport.sendOnce(post(EXECUTE, request).header("Accept", NDJSON));
        return new FrameStream<>(answer, Wire::streamFrame);
    }

    /// As [#stream(ExecuteRequest)], with the output handed to the listener; returns the result.
    public ExecuteResponse stream(ExecuteRequest request, StreamListener listener) {
        return Frames.follow(stream(request), listener);
    }

    /// Runs many commands side by side.
    public BatchResponse batch(BatchRequest batch) {
        return transport.send(transport.idempotent(post(EXECUTE + "/batch", batch), null), BatchResponse.class);
    }

    /// What is remembered of an execution.
    public Execution get(String id) {
        return transport.send(Call.get(EXECUTIONS + "/" + encode(id)), Execution.class);
    }

    /// A page of executions, newest first.
    public ExecutionPage list(ListFilter filter) {
        return transport.send(Call.get(EXECUTIONS + filter.query()), ExecutionPage.class);
    }

    /// Ends an execution and returns its final record. Not repeated: the second answer would be a conflict.
    public Execution cancel(String id) {
        return Transport.read(transport.sendOnce(Call.delete(EXECUTIONS + "/" + encode(id))), Execution.class);
    }

    /// Sandboxes that stay.
    public InstancesClient instances() {
        return new InstancesClient(transport);
    }

    /// How the mode `cached` does for this caller.
    public CacheStatistics cacheStatistics() {
        return transport.send(Call.get(CACHE), CacheStatistics.class);
    }

    /// Removes what is known for the mode `cached`: all of this caller's, or what is known under a key.
    public CacheCleared clearCache(@Nullable String cacheKey) {
        var query = cacheKey == null ? "" : "?cache_key=" + encode(cacheKey);
        return transport.send(Call.delete(CACHE + query), CacheCleared.class);
    }

    /// Each isolation technology of the server.
    public RuntimeList runtimes() {
        return transport.send(Call.get("/api/v1/runtimes"), RuntimeList.class);
    }

    /// What the server keeps ready for executions to come.
    public PoolList pools() {
        return transport.send(Call.get("/api/v1/pools"), PoolList.class);
    }

    /// Keeps sandboxes ready. Asking for the same again changes nothing, so it is repeated like a question.
    public PrewarmResponse prewarm(PrewarmRequest request) {
        return transport.send(post(PREWARM, request), PrewarmResponse.class);
    }

    /// Keeps them ready no longer. Not repeated: the second answer would be that there is no such order.
    public PrewarmResponse endPrewarm(String id) {
        return Transport.read(transport.sendOnce(Call.delete(PREWARM + "/" + encode(id))), PrewarmResponse.class);
    }

    /// The images on the server's machine.
    public List<ImageDescription> images() {
        return transport.send(Call.get(IMAGES), ImageList.class).images();
    }

    /// Makes an image available, with its progress handed to the listener.
    public ImageDescription pullImage(String image, Consumer<ImageFrame.Progress> listener) {
        var call = post(IMAGES, new PullRequest(image)).header("Accept", NDJSON);
        return follow(transport.sendOnce(call), listener).getFirst();
    }

    /// Sends an image archive: of `docker save`, of an OCI layout or of a root file system.
    ///
    /// @param name    its name there; `null` takes the archive's own
    /// @param archive opened once, read to its end and closed
    /// @return every image the archive held
    public List<ImageDescription> importImages(
            @Nullable String name, Supplier<InputStream> archive, Consumer<ImageFrame.Progress> listener) {
        var call = Call.post(IMAGES + "/import" + (name == null ? "" : "?image=" + encode(name)))
                .body("application/octet-stream", archive)
                .header("Accept", NDJSON);
        return follow(transport.sendOnce(call), listener);
    }

    /// Takes an image's name away.
    public void removeImage(String image) {
        transport.sendOnce(Call.delete(IMAGES + "?image=" + encode(image))).close();
    }

    /// Deletes the layers nothing needs any more.
    public PruneResponse pruneImages() {
        return transport.send(Call.post(IMAGES + "/prune").body(JSON, new byte[0]), PruneResponse.class);
    }

    /// Whether the server can do its work; a sick server's report is an answer too.
    public Health health() {
        return transport.report(Call.get("/health"), Health.class);
    }

    /// Whether the server takes executions now.
    public Readiness readiness() {
        return transport.report(Call.get("/ready"), Readiness.class);
    }

    public MetricsSummary metrics() {
        return transport.send(Call.get("/api/v1/metrics"), MetricsSummary.class);
    }

    public DetailedMetrics detailedMetrics() {
        return transport.send(Call.get("/api/v1/metrics/detailed"), DetailedMetrics.class);
    }

    private static List<ImageDescription> follow(Answer answer, Consumer<ImageFrame.Progress> listener) {
        try (var frames = new FrameStream<>(answer, Wire::imageFrame)) {
            for (var frame : frames) {
                switch (frame) {
                    case ImageFrame.Progress progress -> listener.accept(progress);
                    case ImageFrame.Result(_, var images) -> {
                        return images;
                    }
                    case ImageFrame.Failure(_, var error) -> throw FaasException.of(error, null);
                }
            }
        }
        throw FaasException.unexpected(200, "the stream ended without a result");
    }

    private static Call post(String path, Object body) {
        return Call.post(path).body(JSON, Wire.write(body));
    }

    private static String encode(String text) {
        return Wire.encode(text);
    }

    /// Lets go of the server. Streams are closed by their users.
    @Override
    public void close() {
        // Connections are pooled by the JDK and close by themselves; there is nothing else to give back yet.
    }
}
