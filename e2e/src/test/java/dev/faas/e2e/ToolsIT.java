package dev.faas.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import dev.faas.testkit.service.DockerEngine;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// The verbs that look after the machine.
class ToolsIT {

    @BeforeAll
    static void prepare() throws IOException, InterruptedException {
        Launcher.prepare();
    }

    @Test
    void theDoctorSaysWhatThisMachineCanDo() throws Exception {
        var result = Launcher.run("doctor");
        assertThat(result.exitCode()).isZero();
        assertThat(result.stdout()).contains("runtime native", "runtime docker", "runtime process", "java", "kvm", "disk space");
        var json = Launcher.run("doctor", "--json");
        assertThat(json.stdout()).startsWith("[").contains("\"level\"", "\"fix\"");
    }

    @Test
    void configShowsWhatIsInEffectAndNoSecrets() throws Exception {
        var result = Launcher.run("config", "--set", "engine.max-running=7", "--set", "db.password=hunter2");
        assertThat(result.exitCode()).isZero();
        assertThat(result.stdout()).containsPattern("engine\\.max-running +7 +command line").doesNotContain("hunter2");
    }

    @Test
    void listsImagesAndRuntimes() throws Exception {
        Launcher.run("run", "--", "true");
        assertThat(Launcher.run("image", "ls").stdout()).contains("faas/base");
        assertThat(Launcher.run("runtimes").stdout()).contains("native").contains("namespaces+seccomp");
        assertThat(Launcher.run("executions", "ls").stdout()).contains("completed").contains("true");
    }

    @Test
    void cleanRemovesWhatAKilledRunLeft() throws Exception {
        var before = Traces.now();
        try (var running = Launcher.start(Map.of(), "run", "--timeout", "5m", "--", "sh", "-c", "echo ready; sleep 300")) {
            Awaitility.await().atMost(Duration.ofSeconds(60)).until(() -> running.stdout().contains("ready"));
            running.kill();
        }
        assertThat(Launcher.run("clean").exitCode()).isZero();
        Awaitility.await().atMost(Duration.ofSeconds(20)).untilAsserted(
                () -> assertThat(Traces.now().since(before)).isEmpty());
    }

    @Test
    void cleanRemovesWhatAKilledRunLeftInTheContainerEngine() throws Exception {
        try (var engine = DockerEngine.start()) {
            var settings = Map.of("FAAS_DOCKER_HOST", engine.host());
            try (var running = Launcher.start(
                    settings, "run", "--runtime", "docker", "--network", "nat", "--", "sh", "-c", "echo ready; sleep 300")) {
                Awaitility.await().atMost(Duration.ofMinutes(2)).until(() -> running.stdout().contains("ready"));
                running.kill();
            }
            assertThat(ours(engine)).hasSize(3);
            assertThat(engine.firewall()).contains("faasd");
            try (var cleaning = Launcher.start(settings, "clean")) {
                var result = cleaning.await(Duration.ofMinutes(2));
                assertThat(result.stdout()).contains("3 containers, networks and volumes in the container engine");
                assertThat(result.exitCode()).isZero();
            }
            assertThat(ours(engine)).isEmpty();
            assertThat(engine.firewall()).doesNotContain("faasd");
        }
    }

    private static List<String> ours(DockerEngine engine) {
        var mark = "label=dev.faas.instance";
        var listed = String.join(
                "\n",
                engine.docker("ps", "--all", "--quiet", "--filter", mark),
                engine.docker("network", "ls", "--quiet", "--filter", mark),
                engine.docker("volume", "ls", "--quiet", "--filter", mark));
        return listed.lines().filter(line -> !line.isBlank()).toList();
    }

    @Test
    void forcedCleaningEndsWhatLives() throws Exception {
        var before = Traces.now();
        try (var running = Launcher.start(Map.of(), "run", "--timeout", "5m", "--", "sh", "-c", "echo ready; sleep 300")) {
            Awaitility.await().atMost(Duration.ofSeconds(60)).until(() -> running.stdout().contains("ready"));
            assertThat(Launcher.run("clean", "--force").stdout()).contains("process");
            running.await(Duration.ofSeconds(20));
        }
        assertThat(Traces.now().since(before)).isEmpty();
    }
}
