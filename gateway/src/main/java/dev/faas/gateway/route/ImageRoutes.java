package dev.faas.gateway.route;

import dev.faas.api.ImageDescription;
import dev.faas.api.ImageFrame;
import dev.faas.api.ImageList;
import dev.faas.api.PruneResponse;
import dev.faas.core.common.ErrorCode;
import dev.faas.core.common.PlatformException;
import dev.faas.core.image.Image;
import dev.faas.core.image.ImageReference;
import dev.faas.core.image.ImageStore;
import dev.faas.core.image.ImageStore.ProgressListener;
import dev.faas.gateway.auth.Scope;
import dev.faas.gateway.http.Exchange;
import dev.faas.gateway.http.GatewayConfig;
import dev.faas.gateway.http.Problems;
import dev.faas.gateway.http.Route;
import dev.faas.gateway.wire.PullRequestReader;
import java.util.List;
import java.util.Set;
import java.util.function.Function;

/// `/api/v1/images`: what is there, pull, build, import, remove, prune. Long operations stream their progress to who
/// asks for NDJSON.
public final class ImageRoutes {

    private static final String PATH = "/api/v1/images";
    private static final Set<String> ARCHIVES =
            Set.of("application/octet-stream", "application/x-tar", "application/gzip", "application/zstd");

    private final GatewayConfig config;
    private final ImageStore images;
    private final ImageImporter importer;

    public ImageRoutes(GatewayConfig config, ImageStore images, ImageImporter importer) {
        this.config = config;
        this.images = images;
        this.importer = importer;
    }

    public List<Route> routes() {
        return List.of(
                Route.get(PATH, Scope.READ, this::list),
                Route.post(PATH, Scope.IMAGES, this::pull),
                Route.delete(PATH, Scope.IMAGES, this::remove),
                Route.post(PATH + "/import", Scope.IMAGES, this::importImage),
                Route.post(PATH + "/prune", Scope.IMAGES, this::prune));
    }

    private void list(Exchange exchange) {
        exchange.allowQuery(Set.of());
        exchange.answer(200, list(images.list()));
    }

    private void pull(Exchange exchange) throws InterruptedException {
        exchange.allowQuery(Set.of());
        var body = exchange.body().json(config.http().maxBody());
        var reference = PullRequestReader.read(exchange.json(body));
        if (exchange.accepts(StreamFormat.NDJSON.mediaType())) {
            stream(exchange, progress -> List.of(images.require(reference, progress)));
        } else {
            exchange.answer(200, describe(images.require(reference, ProgressListener.SILENT)));
        }
    }

    private void importImage(Exchange exchange) throws InterruptedException {
        exchange.allowQuery(Set.of("image"));
        var name = exchange.query("image").map(ImageReference::of);
        var archive = exchange.body().stream(ARCHIVES, config.http().maxImport());
        if (exchange.accepts(StreamFormat.NDJSON.mediaType())) {
            stream(exchange, progress -> importer.importArchive(archive, name, progress));
        } else {
            exchange.answer(200, list(importer.importArchive(archive, name, ProgressListener.SILENT)));
        }
    }

    private void remove(Exchange exchange) {
        exchange.allowQuery(Set.of("image"));
        var reference = exchange.query("image")
                .map(ImageReference::of)
                .orElseThrow(() -> PlatformException.invalid("image", "is required: the name to take away"));
        if (!images.remove(reference)) {
            throw new PlatformException(ErrorCode.NOT_FOUND, "there is no image " + reference);
        }
        exchange.answerNothing();
    }

    private void prune(Exchange exchange) {
        exchange.allowQuery(Set.of());
        var result = images.prune();
        exchange.answer(200, new PruneResponse(result.layers(), result.bytes()));
    }

    private void stream(Exchange exchange, Function<ProgressListener, List<Image>> work) throws InterruptedException {
        var frames = new FrameQueue();
        var worker = frames.start("image", queue -> {
            // Progress that the client is too slow for is dropped: the next report says more.
            var found = work.apply(
                    (step, done, total) -> queue.offer("progress", new ImageFrame.Progress(step, done, total)));
            queue.finish("result", new ImageFrame.Result(list(found).images()));
        });
        try {
            frames.writeTo(
                    exchange,
                    StreamFormat.NDJSON,
                    config.streamHeartbeat(),
                    failure -> new ImageFrame.Failure(Problems.of(failure, exchange.requestId())));
        } finally {
            worker.interrupt();
        }
    }

    private static ImageList list(List<Image> images) {
        return new ImageList(images.stream().map(ImageRoutes::describe).toList());
    }

    private static ImageDescription describe(Image image) {
        return new ImageDescription(
                image.reference().value(),
                image.digest(),
                image.size(),
                image.layers().size());
    }
}
