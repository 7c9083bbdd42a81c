package dev.faas.drivers.docker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.faas.core.common.ErrorCode;
import dev.faas.core.common.PlatformException;
import dev.faas.core.image.ImageReference;
import dev.faas.core.image.ImageStore.ProgressListener;
import dev.faas.store.image.FileImageStore;
import dev.faas.store.image.registry.Credentials;
import dev.faas.testkit.service.DockerEngine;
import dev.faas.testkit.service.RegistryServer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Base64;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/// Pulls by the engine from a registry that asks who is there, with the logins of a docker configuration file.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class DockerLoginIT {

    /// The build puts it on the path.
    private static final Path PROGRAMS = Path.of(System.getProperty("faas.test.programs"));

    private final DockerEngine engine = DockerEngine.shared();
    private final FileImageStore images = DockerMachine.images();
    private RegistryServer registry;
    private DockerEngine.Reached reached;
    private Path scratch;

    @BeforeAll
    void start(@TempDir Path directory) {
        scratch = directory;
        try (var driver = DockerMachine.start(engine, images, scratch.resolve("preparation"))) {
            var stored = driver.requireImage(DockerMachine.IMAGE, ProgressListener.SILENT);
            registry = RegistryServer.startWithAuthentication();
            engine.push("faas-store:" + stored.digest().substring("sha256:".length()), registry, "private/app:1");
        }
        reached = engine.reach(registry);
    }

    @AfterAll
    void stop() {
        reached.close();
        registry.close();
        images.close();
        assertThat(DockerMachine.inventory(engine)).isEmpty();
    }

    @Test
    void aLoginStoredInTheConfigurationIsUsed() throws IOException {
        var pair = RegistryServer.USER + ":" + RegistryServer.PASSWORD;
        var encoded = Base64.getEncoder().encodeToString(pair.getBytes(StandardCharsets.UTF_8));
        assertPulled("{\"auths\":{\"%s\":{\"auth\":\"%s\"}}}".formatted(registry.address(), encoded));
    }

    @Test
    void aHelperProgramIsAskedForTheLogin() throws IOException {
        var helper = writeHelper();
        try {
            assertPulled("{\"credsStore\":\"login-test\"}");
            assertPulled("{\"credHelpers\":{\"%s\":\"login-test\"}}".formatted(registry.address()));
        } finally {
            Files.delete(helper);
        }
    }

    @Test
    void withoutALoginThePullIsRefused() throws IOException {
        assertRefused("{}", "no basic auth credentials");
        assertRefused("{\"credsStore\":\"not-installed\"}", "docker-credential-not-installed");
    }

    private void assertPulled(String configuration) throws IOException {
        try (var driver = driver(configuration)) {
            var image = driver.requireImage(reference(), ProgressListener.SILENT);
            assertThat(image.reference()).isEqualTo(reference());
            assertThat(engine.docker("images", "--format", "{{.Repository}}:{{.Tag}}").lines())
                    .contains(reference().value());
            engine.docker("rmi", reference().value());
        }
    }

    private void assertRefused(String configuration, String words) throws IOException {
        try (var driver = driver(configuration)) {
            assertThatThrownBy(() -> driver.requireImage(reference(), ProgressListener.SILENT))
                    .isInstanceOfSatisfying(PlatformException.class, refusal -> {
                        assertThat(refusal.code()).isEqualTo(ErrorCode.IMAGE_PULL_FAILED);
                        assertThat(refusal).hasMessageContaining(words);
                    });
        }
    }

    private ImageReference reference() {
        return ImageReference.of(registry.address() + "/private/app:1");
    }

    private DockerDriver driver(String configuration) throws IOException {
        var file = Files.writeString(scratch.resolve("config.json"), configuration);
        return DockerMachine.start(engine, images, scratch.resolve("run"), new Credentials(Optional.of(file)));
    }

    /// A program that speaks the credential helpers' protocol and knows this registry.
    private Path writeHelper() throws IOException {
        var script = """
                #!/bin/sh
                [ "$1" = get ] || exit 2
                read -r registry
                if [ "$registry" = '%s' ]; then
                    printf '{"ServerURL":"%%s","Username":"%s","Secret":"%s"}' "$registry"
                else
                    echo 'credentials not found in native keychain'
                    exit 1
                fi
                """.formatted(registry.address(), RegistryServer.USER, RegistryServer.PASSWORD);
        Files.createDirectories(PROGRAMS);
        var file = Files.writeString(PROGRAMS.resolve("docker-credential-login-test"), script);
        return Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwx------"));
    }
}
