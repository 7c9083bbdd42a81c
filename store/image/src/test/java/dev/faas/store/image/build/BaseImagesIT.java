package dev.faas.store.image.build;

import static org.assertj.core.api.Assertions.assertThat;

import dev.faas.core.common.DataSize;
import dev.faas.core.image.Image;
import dev.faas.core.image.ImageReference;
import dev.faas.core.image.ImageStore.ProgressListener;
import dev.faas.store.image.FileImageStore;
import dev.faas.store.image.ImageStoreConfig;
import dev.faas.store.image.Scratch;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Builds the base images from Debian packages, as their first users do, and runs a program in each. Needs root.
class BaseImagesIT {

    private static final ImageReference BASE = ImageReference.of("faas/base");
    private static final Scratch SCRATCH = new Scratch();

    private static final Queue<String> STEPS = new ConcurrentLinkedQueue<>();
    private static List<Image> built;

    /// Three first uses at once, in two stores on one directory.
    @BeforeAll
    static void build() throws Exception {
        try (var one = open();
                var other = open();
                var executor = Executors.newVirtualThreadPerTaskExecutor()) {
            assertThat(one.find(BASE)).isEmpty();
            Callable<Image> first = () -> one.require(BASE, (step, _, _) -> STEPS.add(step));
            Callable<Image> second = () -> other.require(BASE, (step, _, _) -> STEPS.add(step));
            built = executor.invokeAll(List.of(first, second, first)).stream()
                    .map(Future::resultNow)
                    .toList();
        }
    }

    @AfterAll
    static void clean() {
        SCRATCH.close();
    }

    @Test
    void concurrentFirstUsesShareOneBuild() {
        assertThat(built).extracting(Image::digest).containsOnly(built.getFirst().digest());
        assertThat(STEPS.stream().filter(step -> step.contains("downloading packages")).distinct()).hasSize(1);
    }

    @Test
    void theDefaultImageIsSmallAndUsable() throws IOException {
        var image = built.getFirst();
        assertThat(image.layers()).hasSize(1);
        assertThat(image.size()).isLessThan(100 * DataSize.MIB);
        assertThat(image.config().env()).containsEntry("LANG", "C.UTF-8");
        Path root = image.layers().getFirst();
        assertThat(root.resolve("usr/bin/curl")).isExecutable();
        assertThat(Files.readString(root.resolve("etc/passwd")))
                .contains("faas:x:1000:1000:")
                .contains("nobody:x:65534:65534:");
        assertThat(root.resolve("usr/share/doc/bash/copyright")).doesNotExist();
        assertThat(Files.getAttribute(root.resolve("usr/bin/passwd"), "unix:mode"))
                .as("set-id bits survive the change of owner")
                .isEqualTo(0104755);
        assertThat(Files.getAttribute(root.resolve("etc/passwd"), "unix:uid"))
                .isEqualTo(ImageStoreConfig.DEFAULT_UID_BASE);
    }

    static List<Sample> samples() {
        return List.of(
                new Sample("faas/base", "test $(id -u faas) = 1000 && echo $((6 * 7))"),
                new Sample("faas/python", "python -c 'print(6 * 7)' && pip --version >/dev/null"),
                new Sample("faas/node", "node -e 'console.log(6 * 7)'"),
                new Sample("faas/go",
                        "printf 'package main\nimport \"fmt\"\nfunc main() { fmt.Println(6 * 7) }' > /tmp/a.go"
                        + " && go run /tmp/a.go"),
                new Sample("faas/java", "printf 'class A { public static void main(String... a) {"
                        + " System.out.println(6 * 7); } }' > /tmp/A.java && java /tmp/A.java"));
    }

    @ParameterizedTest
    @MethodSource("samples")
    void eachRunsItsLanguageOnTheSharedBase(Sample sample) throws Exception {
        try (var store = open()) {
            var image = store.require(ImageReference.of(sample.image()), ProgressListener.SILENT);
            var base = store.require(BASE, ProgressListener.SILENT);

            assertThat(image.layers()).hasSize(sample.image().equals("faas/base") ? 1 : 2);
            assertThat(image.layers().getLast()).isEqualTo(base.layers().getFirst());
            assertThat(image.config().env()).containsAllEntriesOf(base.config().env());
            assertThat(run(image, sample.script())).isEqualTo("42");
        }
    }

    private static FileImageStore open() {
        return FileImageStore.open(ImageStoreConfig.in(SCRATCH.resolve("store")));
    }

    /// In a mount namespace of its own, on an overlay of the layers, with the image's environment.
    private static String run(Image image, String script) throws IOException, InterruptedException {
        Path work = Files.createTempDirectory(SCRATCH.path(), "run");
        for (String name : List.of("upper", "work", "root")) {
            Files.createDirectory(work.resolve(name));
        }
        String lower = image.layers().stream().map(Path::toString).collect(Collectors.joining(":"));
        String mounts = "mount -t overlay overlay -o lowerdir=" + lower + ",upperdir=" + work + "/upper,workdir=" + work
                + "/work " + work + "/root && mount -t proc proc " + work + "/root/proc && mount --bind /dev " + work
                        + "/root/dev"
                + " && exec chroot " + work + "/root /bin/sh -ec \"$1\"";
        var builder = new ProcessBuilder("unshare", "--mount", "--pid", "--fork", "sh", "-ec", mounts, "sh", script)
                .redirectError(ProcessBuilder.Redirect.INHERIT);
        builder.environment().clear();
        builder.environment().putAll(image.config().env());
        var process = builder.start();
        try (var out = process.getInputStream()) {
            String printed = new String(out.readAllBytes(), StandardCharsets.UTF_8).strip();
            assertThat(process.waitFor()).isZero();
            return printed;
        }
    }

    private record Sample(String image, String script) {
        @Override
        public String toString() {
            return image;
        }
    }
}
