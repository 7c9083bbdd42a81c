package dev.faas.store.image.archive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import com.github.luben.zstd.ZstdOutputStream;
import dev.faas.core.common.ErrorCode;
import dev.faas.core.common.PlatformException;
import dev.faas.core.image.Image;
import dev.faas.core.image.ImageReference;
import dev.faas.core.image.ImageStore.ProgressListener;
import dev.faas.store.image.FileImageStore;
import dev.faas.store.image.ImageStoreConfig;
import dev.faas.store.image.Scratch;
import dev.faas.store.image.TarBuilder;
import dev.faas.store.image.layout.Platform;
import dev.faas.testkit.service.DockerEngine;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Archives of every kind, in and out; `docker save` and `docker load` by a real engine.
class ArchiveIT {

    private static final ImageReference NAME = ImageReference.of("test/imported:1");

    private final Scratch scratch = new Scratch();
    private FileImageStore store;

    @BeforeEach
    void open() {
        store = FileImageStore.open(ImageStoreConfig.in(scratch.resolve("store")));
    }

    @AfterEach
    void close() {
        store.close();
        scratch.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"plain", "gzip", "zstd"})
    void importsARootFileSystem(String compression) throws IOException {
        byte[] archive = compress(rootFileSystem(), compression);
        var images = store.importArchive(new ByteArrayInputStream(archive), Optional.of(NAME), ProgressListener.SILENT);

        assertThat(images).hasSize(1);
        var image = store.find(NAME).orElseThrow();
        assertThat(image.layers()).hasSize(1);
        assertThat(image.layers().getFirst().resolve("etc/motd")).hasContent("hello");
        assertThat(image.size()).isEqualTo("hello".length());
    }

    @Test
    void theSameContentIsOneLayerHoweverItCame() throws IOException {
        var plain = load(rootFileSystem(), "test/plain");
        var zipped = load(compress(rootFileSystem(), "gzip"), "test/zipped");

        assertThat(plain.layers()).isEqualTo(zipped.layers());
        assertThat(scratch.resolve("store/layers").toFile().list()).hasSize(1);
    }

    @Test
    void importsWhatAnEngineSavesAndExportsWhatAnEngineLoads() throws IOException {
        var engine = DockerEngine.shared();
        Path context = Files.createDirectory(scratch.resolve("context"));
        Files.writeString(context.resolve("one"), "first");
        Files.writeString(context.resolve("two"), "second");
        Files.writeString(context.resolve("Dockerfile"), """
                FROM scratch
                COPY one /one
                COPY two /two
                ENV KEY=value
                CMD ["/one"]
                """);
        engine.docker("build", "--quiet", "--tag", "archive-test:1", context.toString());
        Path saved = scratch.resolve("saved.tar");
        engine.docker("save", "--output", saved.toString(), "archive-test:1");
        engine.docker("rmi", "archive-test:1");

        var image = store.importArchive(saved, Optional.empty(), ProgressListener.SILENT).getFirst();

        assertThat(image.reference()).isEqualTo(ImageReference.of("archive-test:1"));
        assertThat(image.layers()).hasSize(2);
        assertThat(image.layers().getFirst().resolve("two")).hasContent("second");
        assertThat(image.config().env()).containsEntry("KEY", "value");

        Path exported = scratch.resolve("exported.tar");
        try (var out = Files.newOutputStream(exported)) {
            store.export(image, out);
        }
        assertThat(engine.docker("load", "--input", exported.toString())).contains("archive-test:1");
        assertThat(engine.docker("image", "inspect", "--format", "{{len .RootFS.Layers}} {{.Config.Env}}",
                "archive-test:1"))
                .startsWith("2 [")
                .contains("KEY=value");
        engine.docker("rmi", "archive-test:1");
    }

    @Test
    void importsItsOwnLayoutAsAnOciArchive() throws IOException {
        var image = load(rootFileSystem(), NAME.value());
        var tar = new TarBuilder();
        Path directory = scratch.resolve("store");
        for (String name : List.of("oci-layout", "index.json")) {
            tar.file(name, Files.readString(directory.resolve(name)));
        }
        try (var blobs = Files.newDirectoryStream(directory.resolve("blobs/sha256"))) {
            for (Path blob : blobs) {
                tar.file("blobs/sha256/" + blob.getFileName(), Files.readAllBytes(blob), entry -> {});
            }
        }
        try (var other = FileImageStore.open(ImageStoreConfig.in(scratch.resolve("other")))) {
            var copy = other.importArchive(
                            new ByteArrayInputStream(tar.bytes()), Optional.empty(), ProgressListener.SILENT)
                    .getFirst();
            assertThat(copy.reference()).isEqualTo(NAME);
            assertThat(copy.digest()).isEqualTo(image.digest());
            assertThat(copy.layers().getFirst().resolve("etc/motd")).hasContent("hello");
        }
    }

    @Test
    void refusesWhatIsNoImage() {
        assertRefused("this is no archive".repeat(100).getBytes(StandardCharsets.UTF_8), "no tar file");
        assertRefused(new byte[0], "empty");
        assertRefused(new TarBuilder().file("manifest.json", "[]").bytes(), "no image");
        assertRefused(new TarBuilder().file("manifest.json", "{").bytes(), "malformed JSON");
        assertRefused(
                new TarBuilder()
                        .file("manifest.json",
                                "[{\"Config\":\"../../etc/passwd\",\"RepoTags\":[\"a:1\"],\"Layers\":[]}]")
                        .bytes(),
                "has no file");
        assertThatThrownBy(() -> load(new TarBuilder().file("../escape", "x").bytes(), "test/escape"))
                .hasMessageContaining("'..'");
        assertThat(store.list()).isEmpty();
    }

    @Test
    void refusesALayerThatIsNotWhatTheConfigurationSays() {
        String config = """
                {"architecture":"%s","os":"linux","rootfs":{"type":"layers","diff_ids":["sha256:%s"]}}
                """.formatted(Platform.here().architecture(), "0".repeat(64));
        byte[] archive = new TarBuilder()
                .file("config.json", config)
                .file("layer.tar", rootFileSystem(), entry -> {})
                .file("manifest.json",
                        "[{\"Config\":\"config.json\",\"RepoTags\":[\"a:1\"],\"Layers\":[\"layer.tar\"]}]")
                .bytes();
        assertRefused(archive, "has the digest");
        assertThat(store.find(ImageReference.of("a:1"))).isEmpty();
    }

    @Test
    void aRootFileSystemNeedsAName() {
        assertThatThrownBy(() -> store.importArchive(
                        new ByteArrayInputStream(rootFileSystem()), Optional.empty(), ProgressListener.SILENT))
                .asInstanceOf(type(PlatformException.class))
                .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.VALIDATION_FAILED));
    }

    private void assertRefused(byte[] archive, String reason) {
        assertThatThrownBy(() -> store.importArchive(
                        new ByteArrayInputStream(archive), Optional.empty(), ProgressListener.SILENT))
                .asInstanceOf(type(PlatformException.class))
                .satisfies(e -> assertThat(e.getMessage()).contains(reason))
                .satisfies(e -> assertThat(e.code()).isIn(ErrorCode.INVALID_REQUEST, ErrorCode.VALIDATION_FAILED));
    }

    private Image load(byte[] archive, String name) {
        return store.importArchive(
                        new ByteArrayInputStream(archive), Optional.of(ImageReference.of(name)),
                                ProgressListener.SILENT)
                .getFirst();
    }

    private static byte[] rootFileSystem() {
        return new TarBuilder().directory("etc").file("etc/motd", "hello").bytes();
    }

    private static byte[] compress(byte[] plain, String how) throws IOException {
        var bytes = new ByteArrayOutputStream();
        try (var out = switch (how) {
            case "gzip" -> new GZIPOutputStream(bytes);
            case "zstd" -> new ZstdOutputStream(bytes);
            default -> bytes;
        }) {
            out.write(plain);
        }
        return bytes.toByteArray();
    }
}
