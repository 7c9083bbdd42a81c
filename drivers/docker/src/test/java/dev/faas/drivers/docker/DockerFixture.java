package dev.faas.drivers.docker;

import static org.assertj.core.api.Assertions.assertThat;

import dev.faas.store.image.FileImageStore;
import dev.faas.testkit.service.DockerEngine;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/// One driver for all tests of a class, over the engine that all classes share. Nothing of it is left there.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class DockerFixture {

    final DockerEngine engine = DockerEngine.shared();
    final FileImageStore images = DockerMachine.images();
    DockerDriver driver;

    @BeforeAll
    void startDriver(@TempDir Path runDirectory) {
        driver = DockerMachine.start(engine, images, runDirectory);
    }

    @AfterAll
    void nothingIsLeft() {
        driver.close();
        images.close();
        assertThat(DockerMachine.inventory(engine)).isEmpty();
        assertThat(engine.firewall()).doesNotContain("faasd");
    }
}
