package dev.faas.testkit.service;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StartersIT {

    @TempDir
    private Path scratch;

    @Test
    void anEngineStartsAnswersSurvivesACrashAndLeavesNothing() throws IOException {
        var before = traces();
        try (var engine = DockerEngine.start()) {
            importEmpty(engine, "crash:1");
            assertThat(engine.docker("version", "--format", "{{.Server.Os}}")).isEqualTo("linux");
            engine.kill();
            assertThatThrownBy(() -> engine.docker("version")).isInstanceOf(IllegalStateException.class);
            engine.restart();
            assertThat(engine.docker("images", "--format", "{{.Repository}}")).isEqualTo("crash");
        }
        assertThat(traces()).isEqualTo(before);
    }

    @Test
    void anEnginePushesIntoARegistry() throws Exception {
        try (var registry = RegistryServer.start();
                var client = HttpClient.newHttpClient()) {
            var engine = DockerEngine.shared();
            importEmpty(engine, "pushed:1");
            engine.push("pushed:1", registry, "team/pushed:2");
            var uri = URI.create("http://" + registry.address() + "/v2/team/pushed/tags/list");
            assertThat(get(client, uri, "")).isEqualTo("200 {\"name\":\"team/pushed\",\"tags\":[\"2\"]}");
            registry.kill();
            assertThatThrownBy(() -> get(client, uri, "")).isInstanceOf(IOException.class);
            registry.restart();
            assertThat(get(client, uri, "")).startsWith("200 ");
        }
    }

    @Test
    void aRegistryWithAuthenticationRefusesStrangers() throws Exception {
        try (var registry = RegistryServer.startWithAuthentication();
                var client = HttpClient.newHttpClient()) {
            var engine = DockerEngine.shared();
            importEmpty(engine, "secret:1");
            engine.push("secret:1", registry, "secret:1");
            var uri = URI.create("http://" + registry.address() + "/v2/secret/tags/list");
            assertThat(get(client, uri, "")).startsWith("401 ");
            assertThat(get(client, uri, "wrong")).startsWith("401 ");
            assertThat(get(client, uri, RegistryServer.PASSWORD)).startsWith("200 ");
        }
    }

    @Test
    void aMissingProgramNamesItsPackageAndTheCommandThatInstallsIt() {
        assertThatThrownBy(() -> Programs.require("no-such-program", "some-package"))
                .hasMessageContaining("some-package")
                .hasMessageContaining("./faas test");
    }

    private void importEmpty(DockerEngine engine, String image) throws IOException {
        var tar = Files.write(scratch.resolve("empty.tar"), new byte[1024]);
        engine.importRootFileSystem(tar, image);
    }

    private static String get(HttpClient client, URI uri, String password) throws IOException, InterruptedException {
        var request = HttpRequest.newBuilder(uri);
        if (!password.isEmpty()) {
            var account = (RegistryServer.USER + ":" + password).getBytes(StandardCharsets.UTF_8);
            request.header("Authorization", "Basic " + Base64.getEncoder().encodeToString(account));
        }
        var response = client.send(request.build(), BodyHandlers.ofString());
        return response.statusCode() + " " + response.body().strip();
    }

    /// What an engine could leave: processes, mounts, links, control groups, directories.
    private static Set<String> traces() throws IOException {
        try (var groups = Files.walk(Path.of("/sys/fs/cgroup"), 2);
                var temporary = Files.list(Path.of(System.getProperty("java.io.tmpdir")));
                var links = Files.list(Path.of("/sys/class/net"));
                var mounts = Files.lines(Path.of("/proc/self/mounts"))) {
            var found = groups.filter(path -> path.getFileName().toString().startsWith("faas-test-"))
                    .map(Path::toString)
                    .collect(Collectors.toSet());
            temporary.map(Path::toString).filter(path -> path.contains("faas-dockerd")).forEach(found::add);
            links.map(Path::toString).filter(path -> path.contains("docker")).forEach(found::add);
            mounts.filter(line -> line.contains("faas-dockerd")).forEach(found::add);
            ProcessHandle.allProcesses()
                    .map(process -> process.info().commandLine().orElse(""))
                    .filter(line -> line.contains("faas-dockerd"))
                    .forEach(found::add);
            return found;
        }
    }
}
