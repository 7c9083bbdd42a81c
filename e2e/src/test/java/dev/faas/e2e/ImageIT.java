package dev.faas.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import dev.faas.testkit.sandbox.TestMachine;
import dev.faas.testkit.service.DockerEngine;
import dev.faas.testkit.service.RegistryServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// `faas image`: every verb, on images of a real registry and a real engine. What the store behind them does is tested there.
@Timeout(240)
class ImageIT {

    private static final String PROGRAM = "faas-spawner";

    private static RegistryServer registry;

    @TempDir
    private static Path context;

    @TempDir
    Path directory;

    private Path data;

    @BeforeAll
    static void fill() throws IOException {
        Files.copy(TestMachine.program(PROGRAM), context.resolve(PROGRAM));
        Files.writeString(context.resolve("Dockerfile"), "FROM scratch\nCOPY " + PROGRAM + " /tool\nCMD [\"/tool\", \"--version\"]\n");
        registry = RegistryServer.start();
        var engine = DockerEngine.shared();
        engine.docker("build", "--quiet", "--tag", "tool:1", context.toString());
        engine.push("tool:1", registry, "team/tool:1");
    }

    @AfterAll
    static void close() {
        registry.close();
    }

    @BeforeEach
    void prepare() throws IOException {
        data = Files.createDirectory(directory.resolve("data"));
    }

    @AfterEach
    void nothingIsLeft() {
        good(faas("clean", "--all"));
    }

    private ProcessBuilder command(String... words) {
        var command = Java.main(new ArrayList<>(List.of(words)));
        Java.settings(command, Map.of("FAAS_DATA_DIR", data.toString()));
        return command;
    }

    private Shell.Ended faas(String... words) {
        return Shell.run(command(words), new byte[0]);
    }

    private static Shell.Ended good(Shell.Ended ended) {
        assertThat(ended.code()).as(ended.err()).isZero();
        return ended;
    }

    private List<String> names() {
        var names = new ArrayList<String>();
        Contract.JSON.readTree(good(faas("image", "ls", "--json")).out()).forEach(row -> names.add(row.get("name").stringValue()));
        return names;
    }

    /// Running it proves that the image is whole; it has no C library, so the platform's own programs must not need one either.
    private void assertRuns(String image) {
        assertThat(good(faas("run", "--runtime", "native", "--image", image, "--", "/tool", "--version")).out()).startsWith(PROGRAM);
    }

    @Test
    void pullBringsAnImageThatRunsAndRemovingItFreesTheSpace() {
        var image = registry.address() + "/team/tool:1";

        var pulled = good(faas("image", "pull", image));
        assertThat(pulled.out()).contains(image, "sha256:");
        assertThat(pulled.err()).contains("layer");
        assertThat(names()).containsExactly(image);
        assertRuns(image);

        assertThat(good(faas("image", "rm", image)).out()).isEqualTo("removed " + image + "\n");
        assertThat(names()).isEmpty();
        assertThat(good(faas("image", "prune")).out()).startsWith("freed ").doesNotContain("freed 0 B");
        assertThat(good(faas("image", "prune")).out()).isEqualTo("freed 0 B\n");
    }

    @Test
    void importTakesArchivesFromFilesFromStdinAndFromTheEngine() throws IOException {
        var archive = directory.resolve("tool.tar");
        DockerEngine.shared().docker("save", "--output", archive.toString(), "tool:1");

        assertThat(good(faas("image", "import", archive.toString(), "--name", "from/file")).out()).contains("from/file");
        var fromStdin = Shell.run(command("image", "import", "-", "--name", "from/stdin"), Files.readAllBytes(archive));
        assertThat(good(fromStdin).out()).contains("from/stdin");
        var fromEngine = command("image", "import", "docker:tool:1", "--name", "from/engine");
        fromEngine.environment().put("FAAS_DOCKER_ENABLED", "true");
        fromEngine.environment().put("FAAS_DOCKER_HOST", DockerEngine.shared().host());
        good(Shell.run(fromEngine, new byte[0]));
        assertThat(names()).containsExactlyInAnyOrder("from/file:latest", "from/stdin:latest", "from/engine:latest");
        assertRuns("from/engine");
    }

    @Test
    void buildMakesABaseImageFromPackages() {
        var built = good(faas("image", "build", "faas/base"));

        assertThat(built.out()).contains("faas/base");
        assertThat(built.err()).contains("build faas/base: installing essential packages");
        assertThat(names()).containsExactly("faas/base:latest");
        assertThat(good(faas("run", "--", "sh", "-c", "echo from $0")).out()).isEqualTo("from sh\n");
    }

    @Test
    void aNameWithoutARegistryIsRefusedWithWhatToWrite() {
        var refused = faas("image", "pull", "alpine");

        assertThat(refused.code()).isEqualTo(1);
        assertThat(refused.err()).contains("HOST/alpine:latest", "registry.default", "FAAS_REGISTRY_DEFAULT", "image import");
        assertThat(faas("run", "--image", "alpine", "--", "true").err()).contains("FAAS_REGISTRY_DEFAULT");
    }

    @Test
    void theStandardRegistryIsAskedForNamesWithoutOne() {
        assertThat(good(faas("image", "pull", "team/tool:1", "--set", "registry.default=" + registry.address())).out())
                .contains("team/tool:1");
        assertThat(names()).containsExactly("team/tool:1");
    }

    @Test
    void whatCanNotBeHadIsAnErrorThatSaysSo() throws IOException {
        var absent = faas("image", "pull", registry.address() + "/team/absent:1");
        assertThat(absent.code()).isEqualTo(1);
        assertThat(absent.err()).contains(registry.address() + "/team/absent:1", "can be built: faas/base");
        var wrong = Files.writeString(directory.resolve("text"), "no archive");
        assertThat(faas("image", "import", wrong.toString(), "--name", "x").code()).isEqualTo(1);
        assertThat(faas("image", "import", directory.resolve("nothing").toString()).err()).contains("nothing");
        assertThat(faas("image", "rm", "no/such").err()).contains("there is no image no/such");
        assertThat(faas("image", "build", "no/such").err()).contains("faas/base");
        assertThat(names()).isEmpty();
    }
}
