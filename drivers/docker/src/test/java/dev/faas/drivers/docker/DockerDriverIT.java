package dev.faas.drivers.docker;

import static org.assertj.core.api.Assertions.assertThat;

import dev.faas.core.image.ImageReference;
import dev.faas.core.sandbox.DriverStatus.Capability;
import dev.faas.core.sandbox.Sandbox;
import dev.faas.core.sandbox.SandboxDriver;
import dev.faas.store.image.FileImageStore;
import dev.faas.testkit.sandbox.EscapeContract;
import dev.faas.testkit.sandbox.SandboxDriverContract;
import dev.faas.testkit.service.DockerEngine;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/// The contract every driver passes, with containers of a real engine.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class DockerDriverIT implements SandboxDriverContract, EscapeContract {

    private final DockerEngine engine = DockerEngine.shared();
    private final FileImageStore images = DockerMachine.images();
    private DockerDriver driver;

    @BeforeAll
    void start(@TempDir Path runDirectory) {
        driver = DockerMachine.start(engine, images, runDirectory);
    }

    @AfterAll
    void nothingIsLeft() {
        driver.close();
        images.close();
        assertThat(DockerMachine.inventory(engine)).isEmpty();
    }

    @Override
    public SandboxDriver driver() {
        return driver;
    }

    @Override
    public ImageReference image() {
        return DockerMachine.IMAGE;
    }

    /// What an engine on overlay2 over ext4 has.
    @Override
    public Set<Capability> expectedCapabilities() {
        return EnumSet.complementOf(EnumSet.of(
                Capability.DISK_LIMIT, Capability.IO_LIMIT, Capability.FREEZE, Capability.LIVE_LIMITS));
    }

    @Override
    public int crowd() {
        return 200;
    }

    @Override
    public void killAgent(Sandbox sandbox) {
        engine.docker("kill", ContainerRecipe.containerName(sandbox.id()));
    }
}
