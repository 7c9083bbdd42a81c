package dev.faas.store.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.type;
import static org.awaitility.Awaitility.await;

import dev.faas.core.common.ErrorCode;
import dev.faas.core.common.PlatformException;
import dev.faas.core.image.Image;
import dev.faas.core.image.ImageReference;
import dev.faas.core.image.ImageStore.ProgressListener;
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class FileImageStoreTest {

    private static final ImageReference ONE = ImageReference.of("test/one");
    private static final ImageReference TWO = ImageReference.of("test/two:2");

    private final Scratch scratch = new Scratch();
    private FileImageStore store;

    @BeforeEach
    void open() {
        store = another();
    }

    @AfterEach
    void close() {
        store.close();
        scratch.close();
    }

    @Test
    void findsWhatIsThereUnderEveryFormOfItsName() {
        var image = load(store, ONE, "1");

        assertThat(store.find(ONE)).contains(image);
        var tagged = ImageReference.of("test/one:latest");
        assertThat(store.find(tagged).orElseThrow().digest()).isEqualTo(image.digest());
        assertThat(store.find(tagged).orElseThrow().reference()).isEqualTo(tagged);
        assertThat(store.find(ImageReference.of("test/one@" + image.digest()))).isPresent();
        assertThat(store.find(ImageReference.of("test/one:other"))).isEmpty();
    }

    @Test
    void listsNewestFirst() {
        load(store, ONE, "1");
        load(store, TWO, "2");
        assertThat(store.list()).extracting(image -> image.reference().value())
                .containsExactly("test/two:2", "test/one:latest");
    }

    @Test
    void pruneKeepsWhatANameOrALeaseNeeds() {
        var one = load(store, ONE, "1");
        load(store, TWO, "2");
        var lease = store.lease(one);
        assertThat(store.remove(ONE)).isTrue();
        assertThat(store.remove(ONE)).isFalse();
        assertThat(store.find(ONE)).isEmpty();

        assertThat(store.prune().layers()).isZero();
        assertThat(one.layers().getFirst()).isDirectory();
        lease.close();
        lease.close();
        var pruned = store.prune();

        assertThat(pruned.layers()).isOne();
        assertThat(pruned.bytes()).isPositive();
        assertThat(one.layers().getFirst()).doesNotExist();
        assertThat(store.find(TWO).orElseThrow().layers().getFirst()).isDirectory();
        assertThatThrownBy(() -> store.lease(one))
                .asInstanceOf(type(PlatformException.class))
                .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.IMAGE_NOT_FOUND));
    }

    @Test
    void pruneLeavesNothingOfAnImage() throws IOException {
        load(store, ONE, "1");
        store.remove(ONE);
        store.prune();
        for (String name : List.of("layers", "blobs/sha256", "partial")) {
            assertThat(scratch.resolve("store").resolve(name)).isEmptyDirectory();
        }
        try (var locks = Files.list(scratch.resolve("store/locks"))) {
            assertThat(locks.map(lock -> lock.getFileName().toString()))
                    .noneMatch(name -> name.startsWith("lease-") || name.startsWith("unpack-"));
        }
    }

    @Test
    void anotherStoresLeaseCountsAndItsRemovalIsNoticed() {
        var image = load(store, ONE, "1");
        try (var other = another()) {
            var lease = other.lease(other.find(ONE).orElseThrow());
            store.remove(ONE);
            assertThat(store.prune().layers()).isZero();
            await().atMost(5, TimeUnit.SECONDS).until(() -> other.find(ONE).isEmpty());
            lease.close();
            assertThat(other.prune().layers()).isOne();
            assertThat(image.layers().getFirst()).doesNotExist();
        }
    }

    @Test
    void aLeaseOfAProcessThatIsKilledEndsWithIt() throws Exception {
        load(store, ONE, "1");
        var process = java(ONE.value());
        try (var lines = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            assertThat(lines.readLine()).isEqualTo("leased");
            store.remove(ONE);
            assertThat(store.prune().layers()).isZero();
        } finally {
            process.destroyForcibly().waitFor();
        }
        assertThat(store.prune().layers()).isOne();
    }

    @Test
    void aProcessKilledWhileUnpackingLeavesNothingAfterTheNextStart() throws Exception {
        var tar = new TarBuilder();
        for (int i = 0; i < 60_000; i++) {
            tar.file("directory-" + i % 50 + "/file-" + i, "content");
        }
        Path archive = Files.write(scratch.resolve("many.tar"), tar.bytes());
        var process = java(TWO.value(), archive.toString());
        try {
            await().atMost(60, TimeUnit.SECONDS)
                    .pollInterval(5, TimeUnit.MILLISECONDS)
                    .until(this::isUnpacking);
        } finally {
            process.destroyForcibly().waitFor();
        }
        assertThat(leftovers()).isNotEmpty();
        assertThat(store.find(TWO)).isEmpty();

        try (var next = another()) {
            assertThat(leftovers()).isEmpty();
            assertThat(scratch.resolve("store/layers")).isEmptyDirectory();
            var image = next.importArchive(archive, Optional.of(TWO), ProgressListener.SILENT).getFirst();
            assertThat(image.layers().getFirst().resolve("directory-1/file-1")).hasContent("content");
        }
    }

    @Test
    void aDirectoryBelongsToOneUidBase() {
        var config = ImageStoreConfig.in(scratch.resolve("store"));
        var other = new ImageStoreConfig(
                config.directory(), config.uidBase() + 1, config.ids(), List.of(), config.unpack(), config.registry());
        assertThatThrownBy(() -> FileImageStore.open(other))
                .asInstanceOf(type(PlatformException.class))
                .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.STORE_UNAVAILABLE))
                .satisfies(e -> assertThat(e.getMessage()).contains("uid base"));
    }

    @Test
    void finishedStoresLeaveNoWorkBehind() {
        another().close();
        assertThat(scratch.resolve("store/work").toFile().list()).hasSize(1);
    }

    private FileImageStore another() {
        return FileImageStore.open(ImageStoreConfig.in(scratch.resolve("store")));
    }

    private static Image load(FileImageStore store, ImageReference name, String content) {
        byte[] archive = new TarBuilder().file("file", content).bytes();
        return store.importArchive(new ByteArrayInputStream(archive), Optional.of(name), ProgressListener.SILENT)
                .getFirst();
    }

    private boolean isUnpacking() throws IOException {
        try (var layers = leftoverLayers()) {
            return layers.anyMatch(layer -> Files.exists(layer.resolve("root/directory-49")));
        }
    }

    /// What is in the work directories of stores other than the one that is open.
    private List<Path> leftovers() throws IOException {
        List<Path> found = new ArrayList<>();
        try (var layers = leftoverLayers()) {
            layers.forEach(found::add);
        }
        return found;
    }

    private Stream<Path> leftoverLayers() throws IOException {
        try (var walk = Files.walk(scratch.resolve("store/work"), 2)) {
            return walk.filter(path -> path.getFileName().toString().startsWith("layer-")).toList().stream();
        }
    }

    private Process java(String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                CrashingImport.class.getName(),
                scratch.resolve("store").toString()));
        command.addAll(List.of(arguments));
        return new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    }
}
