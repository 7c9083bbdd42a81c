package dev.faas.store.image.build;

import static org.assertj.core.api.Assertions.assertThat;

import dev.faas.core.image.ImageReference;
import dev.faas.store.image.FileImageStore;
import dev.faas.store.image.ImageStoreConfig;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Builds the default image from Debian packages, as the first command of a newcomer does.
class BaseImagesIT {

    private static final ImageReference BASE = ImageReference.of("faas/base");

    @TempDir
    Path directory;

    @Test
    void concurrentFirstUsesInTwoStoresShareOneBuild() throws Exception {
        var steps = new ConcurrentLinkedQueue<String>();
        try (var one = FileImageStore.open(ImageStoreConfig.in(directory));
                var other = FileImageStore.open(ImageStoreConfig.in(directory));
                var executor = Executors.newVirtualThreadPerTaskExecutor()) {
            assertThat(one.find(BASE)).isEmpty();
            Callable<String> first = () -> one.require(BASE, (step, _, _) -> steps.add(step)).digest();
            Callable<String> second = () -> other.require(BASE, (step, _, _) -> steps.add(step)).digest();
            var digests = executor.invokeAll(List.of(first, second, first)).stream()
                    .map(BaseImagesIT::resultOf)
                    .distinct()
                    .toList();

            assertThat(digests).hasSize(1);
            assertThat(steps.stream().filter(step -> step.contains("downloading packages")).distinct()).hasSize(1);
            var image = one.find(BASE).orElseThrow();
            assertThat(image.layers()).hasSize(1);
            Path root = image.layers().getFirst();
            assertThat(root.resolve("bin/bash")).exists();
            assertThat(root.resolve("usr/bin/curl")).isExecutable();
            assertThat(Files.readString(root.resolve("etc/passwd")))
                    .contains("faas:x:1000:1000:")
                    .contains("nobody:x:65534:65534:");
            assertThat(root.resolve("usr/share/doc")).doesNotExist();
            assertThat(Files.getAttribute(root.resolve("usr/bin/passwd"), "unix:mode"))
                    .as("set-id bits survive the change of owner")
                    .isEqualTo(0104755);
            assertThat(Files.getAttribute(root.resolve("etc/passwd"), "unix:uid"))
                    .isEqualTo(ImageStoreConfig.in(directory).uidBase());
            assertThat(image.config().env()).containsEntry("LANG", "C.UTF-8");
        }
    }

    private static <T> T resultOf(Future<T> future) {
        try {
            return future.get();
        } catch (InterruptedException | ExecutionException e) {
            throw new AssertionError(e);
        }
    }
}
