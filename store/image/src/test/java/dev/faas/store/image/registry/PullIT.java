package dev.faas.store.image.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import dev.faas.core.common.ErrorCode;
import dev.faas.core.common.PlatformException;
import dev.faas.core.image.Image;
import dev.faas.core.image.ImageReference;
import dev.faas.core.image.ImageStore.ProgressListener;
import dev.faas.store.image.FileImageStore;
import dev.faas.store.image.ImageStoreConfig;
import dev.faas.store.image.ImageStoreConfig.Registry;
import dev.faas.store.image.Scratch;
import dev.faas.store.image.TarBuilder;
import dev.faas.store.image.layout.MediaTypes;
import dev.faas.store.image.layout.Platform;
import dev.faas.testkit.service.DockerEngine;
import dev.faas.testkit.service.RegistryServer;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Pulls from a real registry that a real `docker push` has filled, through a proxy that breaks what is to be broken.
class PullIT {

    /// Two copies and the working directory.
    private static final int LAYERS = 3;

    private static final int LAYER_BYTES = 3_000_000;

    /// Where connections break off: as often as a pull tries, this is still not the whole layer.
    private static final int CUT = 700_000;

    private static RegistryServer registry;

    private final Scratch scratch = new Scratch();
    private final List<FileImageStore> stores = new ArrayList<>();
    private RegistryProxy proxy;

    @BeforeAll
    static void fill() throws IOException {
        registry = RegistryServer.start();
        push(registry);
    }

    @AfterAll
    static void stop() {
        registry.close();
    }

    @BeforeEach
    void begin() throws IOException {
        proxy = new RegistryProxy(registry.address());
    }

    @AfterEach
    void end() {
        proxy.close();
        stores.forEach(FileImageStore::close);
        scratch.close();
    }

    @Test
    void pullsByTagAndByDigest() {
        var store = store("one");
        var image = store.require(reference("app:1"), ProgressListener.SILENT);

        assertThat(image.layers()).hasSize(LAYERS);
        assertThat(image.layers().get(1).resolve("upper")).hasContent("upper layer");
        assertThat(image.layers().getLast().resolve("lower")).exists();
        assertThat(image.config().env()).containsEntry("GREETING", "hello world");
        assertThat(image.config().workingDir()).isEqualTo("/srv/app");
        assertThat(image.config().user()).isEqualTo("1000:1000");
        assertThat(image.config().command()).containsExactly("/lower", "--flag");

        var pinned = reference("app@" + image.digest());
        long before = proxy.blobRequests();
        assertThat(store.require(pinned, ProgressListener.SILENT).digest()).isEqualTo(image.digest());
        assertThat(proxy.blobRequests()).as("it is here already").isEqualTo(before);
        assertThat(store("two").require(pinned, ProgressListener.SILENT).digest()).isEqualTo(image.digest());
    }

    @Test
    void reportsProgressPerLayer() {
        var steps = new ConcurrentLinkedQueue<String>();
        store("one").require(reference("app:1"), (step, done, total) -> {
            assertThat(done).isBetween(0L, total == 0 ? Long.MAX_VALUE : total);
            steps.add(step);
        });

        assertThat(steps).anyMatch(step -> step.startsWith("layer ") && step.endsWith("(1/3)"));
        assertThat(steps).anyMatch(step -> step.startsWith("layer ") && step.endsWith("(3/3)"));
    }

    @Test
    void concurrentPullsShareOneDownloadWithinAndAcrossStores() throws Exception {
        var one = store("shared");
        var other = store("shared");
        List<Callable<Image>> pulls = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            var store = i % 2 == 0 ? one : other;
            pulls.add(() -> store.require(reference("app:1"), ProgressListener.SILENT));
        }
        try (var executor = Executors.newVirtualThreadPerTaskExecutor()) {
            assertThat(executor.invokeAll(pulls).stream().map(PullIT::digest).distinct()).hasSize(1);
        }
        assertThat(proxy.blobRequests()).as("a configuration and three layers").isEqualTo(1 + LAYERS);
    }

    @Test
    void goesOnWhereTheConnectionBroke() {
        proxy.cutBlobs(CUT, 1);
        var image = store("one").require(reference("app:1"), ProgressListener.SILENT);

        assertThat(image.layers()).hasSize(LAYERS);
        assertThat(proxy.requests()).anyMatch(request -> request.matches(".*/blobs/.* bytes=[1-9][0-9]*-"));
    }

    @Test
    void goesOnInTheNextRunAfterTheRegistryDiedMidLayer() throws IOException {
        proxy.cutBlobs(CUT, Integer.MAX_VALUE);
        var store = store("one");
        assertThatThrownBy(() -> store.require(reference("app:1"), ProgressListener.SILENT))
                .asInstanceOf(type(PlatformException.class))
                .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.IMAGE_PULL_FAILED))
                .satisfies(e -> assertThat(e.getMessage()).contains(proxy.address(), "broke off"));
        assertThat(store.find(reference("app:1"))).isEmpty();
        assertThat(scratch.resolve("one/partial")).isNotEmptyDirectory();

        proxy.cutBlobs(0, 0);
        int before = proxy.requests().size();
        assertThat(store("one").require(reference("app:1"), ProgressListener.SILENT).layers()).hasSize(LAYERS);
        assertThat(proxy.requests().subList(before, proxy.requests().size()))
                .anyMatch(request -> request.matches(".*/blobs/.* bytes=[1-9][0-9]*-"));
        assertThat(scratch.resolve("one/partial")).isEmptyDirectory();
    }

    @Test
    void startsOverWhenTheRegistryKnowsNoRanges() {
        proxy.ignoreRanges();
        proxy.cutBlobs(CUT, 1);
        assertThat(store("one").require(reference("app:1"), ProgressListener.SILENT).layers())
                .hasSize(LAYERS);
    }

    @Test
    void startsOverWhenWhatAnEarlierRunLeftIsDamaged() throws IOException {
        proxy.cutBlobs(CUT, Integer.MAX_VALUE);
        assertThatThrownBy(() -> store("one").require(reference("app:1"), ProgressListener.SILENT))
                .isInstanceOf(PlatformException.class);
        try (var partial = Files.newDirectoryStream(scratch.resolve("one/partial"))) {
            for (Path file : partial) {
                byte[] content = Files.readAllBytes(file);
                content[0] ^= 1;
                Files.write(file, content);
            }
        }
        proxy.cutBlobs(0, 0);
        assertThat(store("one").require(reference("app:1"), ProgressListener.SILENT).layers())
                .hasSize(LAYERS);
    }

    @Test
    void refusesBytesThatAreNotWhatTheDigestSays() {
        proxy.spoilBlobs();
        var store = store("one");
        assertThatThrownBy(() -> store.require(reference("app:1"), ProgressListener.SILENT))
                .asInstanceOf(type(PlatformException.class))
                .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.IMAGE_PULL_FAILED))
                .satisfies(e -> assertThat(e.getMessage()).contains("wrong digest"));
        assertThat(store.list()).isEmpty();
        assertThat(scratch.resolve("one/blobs/sha256")).isEmptyDirectory();
        assertThat(scratch.resolve("one/layers")).isEmptyDirectory();
    }

    @Test
    void triesAgainWhenTheRegistryIsOverloaded() {
        proxy.failNext(2);
        assertThat(store("one").require(reference("app:1"), ProgressListener.SILENT).layers())
                .hasSize(LAYERS);
    }

    @Test
    void givesUpOnARegistryThatFallsSilent() {
        proxy.stall();
        var config = new Registry(
                Optional.empty(), Set.of(), Optional.empty(), 4, 1, Duration.ofMillis(5), Duration.ofMillis(300));
        try (var store = FileImageStore.open(
                ImageStoreConfig.in(scratch.resolve("silent")).withRegistry(config))) {
            assertThatThrownBy(() -> store.require(reference("app:1"), ProgressListener.SILENT))
                    .asInstanceOf(type(PlatformException.class))
                    .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.IMAGE_PULL_FAILED))
                    .satisfies(e -> assertThat(e.getMessage()).contains("nothing came"));
        }
    }

    @Test
    void getsATokenWhenTheRegistryDemandsOne() throws IOException {
        proxy.demandToken();
        var store = store("one", login(proxy.address(), "someone", "secret"));
        assertThat(store.require(reference("app:1"), ProgressListener.SILENT).layers()).hasSize(LAYERS);
        String basic = Base64.getEncoder().encodeToString("someone:secret".getBytes(StandardCharsets.UTF_8));
        assertThat(proxy.requests())
                .anyMatch(request -> request.startsWith("TOKEN ")
                        && request.contains("scope=repository:app:pull")
                        && request.endsWith("Basic " + basic));
    }

    @Test
    void logsInWithTheDockerConfiguration() throws IOException {
        try (var guarded = RegistryServer.startWithAuthentication()) {
            copy(registry.storage(), guarded.storage());
            var reference = ImageReference.of(guarded.address() + "/app:1");
            assertThatThrownBy(() -> store("anonymous").require(reference, ProgressListener.SILENT))
                    .asInstanceOf(type(PlatformException.class))
                    .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.IMAGE_NOT_FOUND))
                    .satisfies(e -> assertThat(e.getMessage()).contains(guarded.address(), "login"));
            var wrong = login(guarded.address(), RegistryServer.USER, "wrong");
            assertThatThrownBy(() -> store("wrong", wrong).require(reference, ProgressListener.SILENT))
                    .hasMessageContaining("401");
            var right = login(guarded.address(), RegistryServer.USER, RegistryServer.PASSWORD);
            assertThat(store("right", right).require(reference, ProgressListener.SILENT).layers())
                    .hasSize(LAYERS);
        }
    }

    @Test
    void namesWhatFailedAndWhatIsThere() {
        var store = store("one");
        store.require(reference("app:1"), ProgressListener.SILENT);
        assertThatThrownBy(() -> store.require(reference("app:no-such-tag"), ProgressListener.SILENT))
                .asInstanceOf(type(PlatformException.class))
                .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.IMAGE_NOT_FOUND))
                .satisfies(e -> assertThat(e.getMessage())
                        .contains(proxy.address(), "app:no-such-tag", "404", reference("app:1").value(), "faas/base"));
        assertThatThrownBy(() -> store.require(ImageReference.of("nowhere:1"), ProgressListener.SILENT))
                .hasMessageContaining("names no registry");
        var closed = ImageReference.of("127.0.0.1:1/app:1");
        assertThatThrownBy(() -> store.require(closed, ProgressListener.SILENT))
                .asInstanceOf(type(PlatformException.class))
                .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.IMAGE_PULL_FAILED))
                .satisfies(e -> assertThat(e.getMessage()).contains("127.0.0.1:1"));
    }

    @Test
    void aTagThatMovedIsFollowedByPullOnly() throws IOException {
        var store = store("one");
        var moving = reference("moving:1");
        DockerEngine.shared().push("pull-test:1", registry, "moving:1");
        var before = store.require(moving, ProgressListener.SILENT);
        pushSingleLayer("moved:1", "moved", "moving:1");

        assertThat(store.require(moving, ProgressListener.SILENT).digest()).isEqualTo(before.digest());
        var after = store.pull(moving, ProgressListener.SILENT);
        assertThat(after.digest()).isNotEqualTo(before.digest());
        assertThat(store.find(moving).orElseThrow().digest()).isEqualTo(after.digest());
    }

    @Test
    void picksTheManifestForThisMachineFromAnIndex() throws Exception {
        var image = store("one").require(reference("app:1"), ProgressListener.SILENT);
        int size = send("GET", "app/manifests/1", "").length();
        String entry = "{\"mediaType\":\"" + MediaTypes.DOCKER_MANIFEST + "\",\"digest\":\"%s\",\"size\":%d,"
                + "\"platform\":{\"os\":\"linux\",\"architecture\":\"%s\"}}";
        String own = Platform.here().architecture();
        String other = own.equals("s390x") ? "riscv64" : "s390x";
        // Both entries point to what is there; the registry wants that of an index.
        index("multi", entry.formatted(image.digest(), size, other) + "," + entry.formatted(image.digest(), size, own));
        index("foreign", entry.formatted(image.digest(), size, other));

        assertThat(store("two").require(reference("app:multi"), ProgressListener.SILENT).digest())
                .isEqualTo(image.digest());
        assertThatThrownBy(() -> store("two").require(reference("app:foreign"), ProgressListener.SILENT))
                .hasMessageContaining("not for linux/" + own)
                .hasMessageContaining(other);
    }

    private static void index(String tag, String entries) throws Exception {
        send(
                "PUT",
                "app/manifests/" + tag,
                "{\"schemaVersion\":2,\"mediaType\":\"" + MediaTypes.DOCKER_INDEX + "\",\"manifests\":[" + entries
                        + "]}");
    }

    private static String send(String method, String path, String body) throws Exception {
        var uri = URI.create("http://" + registry.address() + "/v2/" + path);
        var request = HttpRequest.newBuilder(uri)
                .header("Accept", MediaTypes.DOCKER_MANIFEST)
                .header("Content-Type", MediaTypes.DOCKER_INDEX)
                .method(method, HttpRequest.BodyPublishers.ofString(body))
                .build();
        try (var client = HttpClient.newHttpClient()) {
            var response = client.send(request, HttpResponse.BodyHandlers.ofString());
            assertThat(response.statusCode()).as(response.body()).isIn(200, 201);
            return response.body();
        }
    }

    private FileImageStore store(String name) {
        return store(name, scratch.resolve("no-docker-config"));
    }

    private FileImageStore store(String name, Path credentials) {
        var config = new Registry(
                Optional.empty(), Set.of(), Optional.of(credentials), 4, 4, Duration.ofMillis(5),
                        Duration.ofSeconds(10));
        var store = FileImageStore.open(ImageStoreConfig.in(scratch.resolve(name)).withRegistry(config));
        stores.add(store);
        return store;
    }

    private ImageReference reference(String name) {
        return ImageReference.of(proxy.address() + "/" + name);
    }

    private Path login(String host, String user, String password) throws IOException {
        String pair = Base64.getEncoder().encodeToString((user + ":" + password).getBytes(StandardCharsets.UTF_8));
        return Files.writeString(
                scratch.resolve("config-" + password.hashCode() + ".json"),
                "{\"auths\":{\"" + host + "\":{\"auth\":\"" + pair + "\"}}}");
    }

    private static String digest(Future<Image> future) {
        return future.resultNow().digest();
    }

    /// An image with a layer that does not compress, built and pushed by a real engine.
    private static void push(RegistryServer target) throws IOException {
        var engine = DockerEngine.shared();
        try (var context = new Scratch()) {
            byte[] noise = new byte[LAYER_BYTES];
            RandomGenerator.of("L64X128MixRandom").nextBytes(noise);
            Files.write(context.resolve("lower"), noise);
            Files.writeString(context.resolve("upper"), "upper layer");
            Files.writeString(context.resolve("Dockerfile"), """
                    FROM scratch
                    COPY lower /lower
                    COPY upper /upper
                    ENV GREETING="hello world"
                    USER 1000:1000
                    WORKDIR /srv/app
                    CMD ["/lower", "--flag"]
                    """);
            engine.docker("build", "--quiet", "--tag", "pull-test:1", context.path().toString());
        }
        engine.push("pull-test:1", target, "app:1");
    }

    private static void pushSingleLayer(String image, String content, String repository) throws IOException {
        try (var directory = new Scratch()) {
            Path tar = Files.write(directory.resolve("root.tar"), new TarBuilder().file("file", content).bytes());
            DockerEngine.shared().importRootFileSystem(tar, image);
            DockerEngine.shared().push(image, registry, repository);
        }
    }

    private static void copy(Path from, Path to) throws IOException {
        try (var files = Files.walk(from)) {
            for (Path file : files.toList()) {
                Path target = to.resolve(from.relativize(file));
                if (Files.isDirectory(file)) {
                    Files.createDirectories(target);
                } else {
                    Files.copy(file, target);
                }
            }
        }
    }
}
