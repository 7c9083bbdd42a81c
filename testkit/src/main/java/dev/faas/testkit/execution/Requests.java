package dev.faas.testkit.execution;

import dev.faas.core.execution.CachePolicy;
import dev.faas.core.execution.ExecutionMode;
import dev.faas.core.execution.ExecutionRequest;
import dev.faas.core.image.ImageReference;
import dev.faas.core.sandbox.Command;
import dev.faas.core.sandbox.Isolation;
import dev.faas.core.sandbox.Limits;
import dev.faas.core.sandbox.Network;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;

/// Builds requests of which a test names only what it is about. Immutable.
public record Requests(ExecutionRequest request) {

    private static final AtomicLong COUNT = new AtomicLong();

    public static Requests of(String... argv) {
        return new Requests(new ExecutionRequest(
                "exe_%08d".formatted(COUNT.incrementAndGet()),
                "tenant",
                ExecutionMode.EPHEMERAL,
                Optional.empty(),
                ImageReference.of("faas/base"),
                Command.of(argv),
                new byte[0],
                Limits.DEFAULT,
                new Network.None(),
                List.of(),
                List.of(),
                Map.of(),
                "",
                "",
                Optional.empty()));
    }

    public static Requests shell(String script) {
        return of("/bin/sh", "-c", script);
    }

    public Requests id(String id) {
        return new Requests(new ExecutionRequest(
                id,
                request.tenant(),
                request.mode(),
                request.isolation(),
                request.image(),
                request.command(),
                request.stdin(),
                request.limits(),
                request.network(),
                request.files(),
                request.outputs(),
                request.labels(),
                request.traceParent(),
                request.instance(),
                request.cache()));
    }

    public Requests tenant(String tenant) {
        return with(tenant, request.mode(), request.isolation(), request.command());
    }

    public Requests mode(ExecutionMode mode) {
        return with(request.tenant(), mode, request.isolation(), request.command());
    }

    /// In a standing sandbox.
    public Requests instance(String id) {
        return new Requests(new ExecutionRequest(
                request.id(),
                request.tenant(),
                ExecutionMode.PERSISTENT,
                request.isolation(),
                request.image(),
                request.command(),
                request.stdin(),
                request.limits(),
                request.network(),
                request.files(),
                request.outputs(),
                request.labels(),
                request.traceParent(),
                id,
                Optional.empty()));
    }

    /// In the mode `cached`.
    public Requests cached(CachePolicy policy) {
        return new Requests(new ExecutionRequest(
                request.id(),
                request.tenant(),
                ExecutionMode.CACHED,
                request.isolation(),
                request.image(),
                request.command(),
                request.stdin(),
                request.limits(),
                request.network(),
                request.files(),
                request.outputs(),
                request.labels(),
                request.traceParent(),
                "",
                Optional.of(policy)));
    }

    public Requests isolation(Isolation isolation) {
        return with(request.tenant(), request.mode(), Optional.of(isolation), request.command());
    }

    public Requests command(Command command) {
        return with(request.tenant(), request.mode(), request.isolation(), command);
    }

    public Requests timeout(Duration timeout) {
        return command(request.command().withTimeout(timeout));
    }

    public Requests stdin(String stdin) {
        return with(request.image(), stdin.getBytes(StandardCharsets.UTF_8), request.limits(), request.network());
    }

    public Requests image(String image) {
        return with(ImageReference.of(image), request.stdin(), request.limits(), request.network());
    }

    public Requests limits(Limits limits) {
        return with(request.image(), request.stdin(), limits, request.network());
    }

    public Requests network(Network network) {
        return with(request.image(), request.stdin(), request.limits(), network);
    }

    public Requests file(String path, String content) {
        var file = new ExecutionRequest.InputFile(path, content.getBytes(StandardCharsets.UTF_8), 0644);
        return with(List.of(file), request.outputs(), request.labels(), request.traceParent());
    }

    public Requests outputs(String... paths) {
        return with(request.files(), List.of(paths), request.labels(), request.traceParent());
    }

    public Requests labels(Map<String, String> labels) {
        return with(request.files(), request.outputs(), labels, request.traceParent());
    }

    public Requests traceParent(String traceParent) {
        return with(request.files(), request.outputs(), request.labels(), traceParent);
    }

    private Requests with(String tenant, ExecutionMode mode, Optional<Isolation> isolation, Command command) {
        return new Requests(new ExecutionRequest(
                request.id(),
                tenant,
                mode,
                isolation,
                request.image(),
                command,
                request.stdin(),
                request.limits(),
                request.network(),
                request.files(),
                request.outputs(),
                request.labels(),
                request.traceParent(),
                request.instance(),
                request.cache()));
    }

    private Requests with(ImageReference image, byte[] stdin, Limits limits, Network network) {
        return new Requests(new ExecutionRequest(
                request.id(),
                request.tenant(),
                request.mode(),
                request.isolation(),
                image,
                request.command(),
                stdin,
                limits,
                network,
                request.files(),
                request.outputs(),
                request.labels(),
                request.traceParent(),
                request.instance(),
                request.cache()));
    }

    private Requests with(
            List<ExecutionRequest.InputFile> files,
            List<String> outputs,
            Map<String, String> labels,
            String traceParent) {
        return new Requests(new ExecutionRequest(
                request.id(),
                request.tenant(),
                request.mode(),
                request.isolation(),
                request.image(),
                request.command(),
                request.stdin(),
                request.limits(),
                request.network(),
                files,
                outputs,
                labels,
                traceParent,
                request.instance(),
                request.cache()));
    }
}
