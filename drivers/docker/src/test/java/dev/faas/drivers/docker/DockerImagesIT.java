package dev.faas.drivers.docker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.faas.core.common.ErrorCode;
import dev.faas.core.common.PlatformException;
import dev.faas.core.image.ImageReference;
import dev.faas.core.image.ImageStore.ProgressListener;
import dev.faas.core.sandbox.Limits;
import dev.faas.core.sandbox.Network;
import dev.faas.core.sandbox.SandboxSpec;
import dev.faas.store.image.FileImageStore;
import dev.faas.store.image.ImageStoreConfig;
import dev.faas.testkit.sandbox.CommandRun;
import dev.faas.testkit.service.RegistryServer;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Where the engine's images come from: the image store, a registry, and the engine itself.
class DockerImagesIT extends DockerFixture {

    @Test
    void anImageOfTheStoreIsTheSameImageInTheEngine() {
        var stored = images.find(DockerMachine.IMAGE).orElseThrow();
        assertThat(driver.requireImage(DockerMachine.IMAGE, ProgressListener.SILENT)).isEqualTo(stored);
        var hex = stored.digest().substring("sha256:".length());
        assertThat(engine.docker("images", "faas-store", "--format", "{{.Tag}}").lines()).contains(hex);
    }

    @Test
    void manyWhoNeedAnImageAtOnceShareItsLoading() throws Exception {
        var hex = images.find(DockerMachine.IMAGE).orElseThrow().digest().substring("sha256:".length());
        engine.docker("rmi", "--force", "faas-store:" + hex);
        Queue<String> steps = new ConcurrentLinkedQueue<>();
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int i = 0; i < 8; i++) {
                threads.submit(() -> driver.requireImage(DockerMachine.IMAGE, (step, done, total) -> steps.add(step)));
            }
        }
        assertThat(steps).filteredOn(step -> step.startsWith("loading")).hasSize(1);
        assertThat(steps).filteredOn(step -> step.startsWith("loaded")).hasSize(1);
    }

    @Test
    void aMissingImageIsPulledWithProgressAndReportedByItsManifest() throws IOException {
        try (var registry = RegistryServer.start()) {
            var recipe = "FROM " + inEngine() + "\nENV FLAVOUR=mint\nUSER nobody\nWORKDIR /srv\n";
            engine.docker("build", "--tag", "pulled:1", context(recipe));
            engine.push("pulled:1", registry, "team/pulled:1");
            engine.docker("rmi", "pulled:1");
            var reference = ImageReference.of(registry.address() + "/team/pulled:1");
            Queue<String> steps = new ConcurrentLinkedQueue<>();
            try (var _ = engine.reach(registry)) {
                var image = driver.requireImage(reference, (step, done, total) -> steps.add(step));
                assertThat(image.reference()).isEqualTo(reference);
                assertThat(image.config().env()).containsEntry("FLAVOUR", "mint");
                assertThat(image.config().user()).isEqualTo("nobody");
                assertThat(image.config().workingDir()).isEqualTo("/srv");
                assertThat(engine.docker("inspect", "--format", "{{index .RepoDigests 0}}", reference.value()))
                        .endsWith("@" + image.digest());
            }
            assertThat(steps).isNotEmpty();
            // Present now: neither the registry nor a pull is needed.
            try (var sandbox = driver.create(spec("pulled", reference))) {
                var run = CommandRun.shell(sandbox, "echo $FLAVOUR $(id -un) $(pwd)");
                assertThat(run.line()).isEqualTo("mint nobody /srv");
            }
            engine.docker("rmi", reference.value());
        }
    }

    @Test
    void whatARegistryDoesNotHaveIsNotFound() {
        try (var registry = RegistryServer.start();
                var _ = engine.reach(registry)) {
            assertRefused(registry.address() + "/no/such:1", ErrorCode.IMAGE_NOT_FOUND, "The engine has");
        }
    }

    @Test
    void aRegistryThatIsNotThereIsAFailedPull() {
        String address;
        try (var registry = RegistryServer.start()) {
            address = registry.address();
        }
        assertRefused(address + "/some:1", ErrorCode.IMAGE_PULL_FAILED, address);
    }

    @Test
    void anImageOfTheEngineCanBeImportedIntoTheStore(@TempDir Path scratch) throws IOException {
        engine.docker("build", "--tag", "exported:1", context("FROM " + inEngine() + "\nENV FROM=engine\n"));
        var archive = scratch.resolve("exported.tar");
        try (var target = Files.newOutputStream(archive)) {
            driver.exportImage(ImageReference.of("exported:1"), target);
        }
        engine.docker("rmi", "exported:1");
        try (var store = FileImageStore.open(ImageStoreConfig.in(scratch.resolve("store")))) {
            var imported = store.importArchive(archive, Optional.empty(), ProgressListener.SILENT);
            assertThat(imported).hasSize(1);
            assertThat(imported.getFirst().reference().canonical()).isEqualTo("exported:1");
            assertThat(imported.getFirst().config().env()).containsEntry("FROM", "engine");
        }
    }

    @Test
    void exportingWhatTheEngineDoesNotHaveSaysWhatItHas() {
        assertThatThrownBy(() -> driver.exportImage(ImageReference.of("absent:1"), OutputStream.nullOutputStream()))
                .isInstanceOfSatisfying(PlatformException.class, refusal ->
                        assertThat(refusal.code()).isEqualTo(ErrorCode.IMAGE_NOT_FOUND))
                .hasMessageContaining("absent:1")
                .hasMessageContaining("The engine has");
    }

    private void assertRefused(String reference, ErrorCode code, String words) {
        assertThatThrownBy(() -> driver.requireImage(ImageReference.of(reference), ProgressListener.SILENT))
                .isInstanceOfSatisfying(PlatformException.class, refusal -> {
                    assertThat(refusal.code()).isEqualTo(code);
                    assertThat(refusal).hasMessageContaining(reference).hasMessageContaining(words);
                });
    }

    /// What the engine calls the base image.
    private String inEngine() {
        return "faas-store:" + images.find(DockerMachine.IMAGE).orElseThrow().digest().substring("sha256:".length());
    }

    private static String context(String dockerfile) throws IOException {
        var directory = Files.createTempDirectory("faas-build");
        directory.toFile().deleteOnExit();
        var file = Files.writeString(directory.resolve("Dockerfile"), dockerfile);
        file.toFile().deleteOnExit();
        return directory.toString();
    }

    private static SandboxSpec spec(String id, ImageReference image) {
        return new SandboxSpec(id, image, Limits.DEFAULT, new Network.None(), false, "guest", Map.of());
    }
}
