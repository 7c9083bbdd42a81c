package dev.faas.drivers.docker;

import dev.faas.core.image.ImageReference;
import dev.faas.core.image.ImageStore.ProgressListener;
import dev.faas.core.image.RegistryLogins;
import dev.faas.store.image.FileImageStore;
import dev.faas.store.image.ImageStoreConfig;
import dev.faas.testkit.sandbox.TestMachine;
import dev.faas.testkit.service.DockerEngine;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/// What the tests of the Docker driver stand on: a real engine and the machine's image store.
final class DockerMachine {

    static final ImageReference IMAGE = ImageReference.of("faas/base");

    static final RegistryLogins NOBODY = registry -> Optional.empty();

    private static final String MARK = "label=" + Ownership.INSTANCE;

    private DockerMachine() {}

    static FileImageStore images() {
        return FileImageStore.open(ImageStoreConfig.in(TestMachine.data().resolve("images")));
    }

    static DockerDriverConfig config(DockerEngine engine, Path runDirectory) {
        return DockerDriverConfig.of(TestMachine.program("faas-agent"), runDirectory)
                .withGuard(TestMachine.program("faas-spawner"))
                .withHost(engine.host());
    }

    /// A driver that has the image already.
    static DockerDriver start(DockerEngine engine, FileImageStore images, Path runDirectory) {
        return start(engine, images, runDirectory, NOBODY);
    }

    /// The same, with logins for its pulls.
    static DockerDriver start(DockerEngine engine, FileImageStore images, Path runDirectory, RegistryLogins logins) {
        var driver = DockerDriver.start(config(engine, runDirectory), images, logins);
        driver.requireImage(IMAGE, ProgressListener.SILENT);
        return driver;
    }

    /// The containers, networks and volumes that drivers have in the engine.
    static List<String> inventory(DockerEngine engine) {
        var listed = String.join(
                "\n",
                engine.docker("ps", "--all", "--filter", MARK, "--format", "container {{.Names}}"),
                engine.docker("network", "ls", "--filter", MARK, "--format", "network {{.Name}}"),
                engine.docker("volume", "ls", "--filter", MARK, "--format", "volume {{.Name}}"));
        return listed.lines().filter(line -> !line.isBlank()).toList();
    }
}
