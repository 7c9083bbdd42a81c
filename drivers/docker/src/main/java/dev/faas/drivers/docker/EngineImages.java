package dev.faas.drivers.docker;

import com.github.dockerjava.api.async.ResultCallback;
import com.github.dockerjava.api.command.InspectImageResponse;
import com.github.dockerjava.api.model.LoadResponseItem;
import dev.faas.core.common.ErrorCode;
import dev.faas.core.common.PlatformException;
import dev.faas.core.image.Image;
import dev.faas.core.image.ImageReference;
import dev.faas.core.image.ImageStore;
import dev.faas.core.image.ImageStore.ProgressListener;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// Images in the engine. What the platform's own store has comes from there, so that a name means the same to every
/// driver; the rest is the engine's, which pulls what it lacks. Thread-safe.
final class EngineImages {

    /// Images of the store carry this name and their digest in the engine: a tag that moves can't be taken for
    /// another's content.
    private static final String STORE_REPOSITORY = "faas-store";

    /// Names below this are built by the store and are in no registry.
    private static final String BASE_IMAGES = "faas/";

    /// Images named in an error.
    private static final int NAMED_IMAGES = 10;

    private final Engine engine;
    private final ImageStore store;
    private final EngineLogins logins;
    private final Duration transferLimit;
    private final SingleFlight<String> loading = new SingleFlight<>();
    private final SingleFlight<Resolved> pulling = new SingleFlight<>();

    EngineImages(Engine engine, ImageStore store, EngineLogins logins, Duration transferLimit) {
        this.engine = engine;
        this.store = store;
        this.logins = logins;
        this.transferLimit = transferLimit;
    }

    /// An image and what the engine calls it.
    record Resolved(Image image, String engineId) {}

    /// The image if the store or the engine has it.
    Optional<Resolved> find(ImageReference reference, ProgressListener progress) {
        var stored = store.find(reference);
        if (stored.isPresent()) {
            return Optional.of(fromStore(stored.get(), progress));
        }
        return inspect(reference.canonical()).map(found -> resolved(reference, found));
    }

    /// The image, made available if it isn't.
    Resolved require(ImageReference reference, ProgressListener progress) {
        var found = find(reference, progress);
        if (found.isPresent()) {
            return found.get();
        }
        if (reference.value().startsWith(BASE_IMAGES)) {
            return fromStore(store.require(reference, progress), progress);
        }
        return pulling.share(reference.canonical(), () -> pull(reference, progress));
    }

    PlatformException notFound(ImageReference reference, String why) {
        return new PlatformException(
                ErrorCode.IMAGE_NOT_FOUND, "image '" + reference + "' is not there: " + why + ". " + whatIsThere());
    }

    /// Writes the image as `docker save` does.
    void save(ImageReference reference, OutputStream target) {
        if (inspect(reference.canonical()).isEmpty()) {
            throw notFound(reference, "the engine doesn't have it");
        }
        engine.within(transferLimit, "saving the image", client -> {
            try (var archive = client.saveImageCmd(reference.canonical()).exec()) {
                return archive.transferTo(target);
            } catch (IOException e) {
                throw EngineException.lost("saving the image: " + e.getMessage(), e);
            }
        });
    }

    private Resolved fromStore(Image image, ProgressListener progress) {
        var digest = image.digest().substring(image.digest().indexOf(':') + 1);
        var name = STORE_REPOSITORY + ":" + digest;
        var known = inspect(name);
        var id = known.isPresent()
                ? Objects.requireNonNull(known.get().getId())
                : loading.share(name, () -> load(image, digest, progress));
        return new Resolved(image, id);
    }

    private String load(Image image, String digest, ProgressListener progress) {
        var meanwhile = inspect(STORE_REPOSITORY + ":" + digest);
        if (meanwhile.isPresent()) {
            return Objects.requireNonNull(meanwhile.get().getId());
        }
        progress.progress("loading " + image.reference() + " into the Docker Engine", 0, image.size());
        var pipe = new BytePipe();
        var failure = new Failure();
        try (var _ = store.lease(image)) {
            Thread.ofVirtual().name("image-export").start(() -> export(image, pipe, failure));
            var loaded = new Loaded();
            engine.within(transferLimit, "loading the image", client -> {
                awaitEnd(client.loadImageAsyncCmd(pipe.source()).exec(loaded));
                return loaded;
            });
            failure.rethrow();
            var id = Objects.requireNonNull(inspect(loaded.name())
                    .orElseThrow(() -> loadFailed(image, "nothing was loaded"))
                    .getId());
            engine.ask("naming the image", client ->
                    client.tagImageCmd(id, STORE_REPOSITORY, digest).exec());
            progress.progress("loaded " + image.reference(), image.size(), image.size());
            return id;
        } catch (EngineException e) {
            failure.rethrow();
            throw loadFailed(image, String.valueOf(e.getMessage()));
        } finally {
            pipe.end();
        }
    }

    private void export(Image image, BytePipe pipe, Failure failure) {
        try (var sink = pipe.sink()) {
            store.export(image, sink);
        } catch (IOException | RuntimeException e) {
            failure.cause = e;
        }
    }

    private static PlatformException loadFailed(Image image, String why) {
        return new PlatformException(
                ErrorCode.RUNTIME_FAILED,
                "image '" + image.reference() + "' can't be put into the Docker Engine: " + why);
    }

    private Resolved pull(ImageReference reference, ProgressListener progress) throws InterruptedException {
        var callback = new PullProgress(progress);
        try {
            var login = logins.find(reference);
            engine.within(transferLimit, "pulling " + reference, client -> {
                var command = client.pullImageCmd(reference.canonical());
                login.ifPresent(command::withAuthConfig);
                awaitEnd(command.exec(callback));
                return callback;
            });
        } catch (EngineException e) {
            throw pullFailed(reference, e.isNotFound(), String.valueOf(e.getMessage()));
        } catch (IOException e) {
            throw pullFailed(reference, false, "its login can't be found out: " + e.getMessage());
        }
        var error = callback.error();
        if (error != null) {
            throw pullFailed(reference, PullProgress.saysMissing(error), error);
        }
        return inspect(reference.canonical())
                .map(found -> resolved(reference, found))
                .orElseThrow(() -> pullFailed(reference, true, "the engine does not have it after the pull"));
    }

    private PlatformException pullFailed(ImageReference reference, boolean missing, String why) {
        return missing
                ? notFound(reference, why)
                : new PlatformException(
                        ErrorCode.IMAGE_PULL_FAILED,
                        "image '" + reference + "' could not be pulled by the engine: " + why + ". " + whatIsThere());
    }

    private void awaitEnd(ResultCallback.Adapter<?> callback) {
        try (callback) {
            callback.awaitCompletion(transferLimit.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw EngineException.lost("interrupted", e);
        } catch (IOException e) {
            throw EngineException.lost(String.valueOf(e.getMessage()), e);
        }
    }

    private Optional<InspectImageResponse> inspect(String name) {
        try {
            return Optional.of(engine.ask("looking for the image", client ->
                    client.inspectImageCmd(name).exec()));
        } catch (EngineException e) {
            if (e.isNotFound()) {
                return Optional.empty();
            }
            throw e;
        }
    }

    private static Resolved resolved(ImageReference reference, InspectImageResponse found) {
        long size = found.getSize() == null ? 0 : found.getSize();
        var digest = ImageMapping.digest(reference, found);
        var image = new Image(reference, digest, List.of(), ImageMapping.config(found), size);
        return new Resolved(image, String.valueOf(found.getId()));
    }

    private String whatIsThere() {
        try {
            var names = engine.ask("listing images", client -> client.listImagesCmd().exec()).stream()
                    .flatMap(image -> ImageMapping.names(image).stream())
                    .filter(name -> !name.startsWith(STORE_REPOSITORY + ":"))
                    .sorted()
                    .toList();
            var shown = String.join(", ", names.subList(0, Math.min(NAMED_IMAGES, names.size())));
            return names.isEmpty()
                    ? "The engine has no image"
                    : "The engine has " + shown + (names.size() > NAMED_IMAGES ? ", …" : "");
        } catch (EngineException e) {
            return "What the engine has is unknown: " + e.getMessage();
        }
    }

    /// Remembers what a load was told it loaded.
    private static final class Loaded extends ResultCallback.Adapter<LoadResponseItem> {

        private static final List<String> PREFIXES = List.of("Loaded image ID: ", "Loaded image: ");

        private volatile String name = "";

        @Override
        public void onNext(LoadResponseItem item) {
            var text = item.getStream();
            if (text != null) {
                PREFIXES.stream().filter(text::startsWith).findFirst().ifPresent(prefix -> name =
                        text.substring(prefix.length()).strip());
            }
        }

        String name() {
            return name;
        }
    }

    /// Carries what went wrong from the exporting thread.
    private static final class Failure {

        private volatile @Nullable Exception cause;

        void rethrow() {
            switch (cause) {
                case null -> {}
                case PlatformException failure -> throw failure;
                case Exception other -> throw new PlatformException(
                        ErrorCode.INTERNAL, "the image store can't export the image: " + other.getMessage(), other);
            }
        }
    }
}
