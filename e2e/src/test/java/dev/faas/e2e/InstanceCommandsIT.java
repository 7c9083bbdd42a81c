package dev.faas.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Instances on the command line, against a gateway that runs.
@Timeout(120)
class InstanceCommandsIT {

    @TempDir
    static Path directory;

    private static HostWatch host;
    private static PlatformProcess platform;

    @BeforeAll
    static void start() {
        var data = PlatformProcess.dataDirectory(directory);
        host = new HostWatch(data);
        platform = PlatformProcess.start(data);
        host.note();
    }

    @AfterAll
    static void stopAndLookForLeftovers() {
        platform.close();
        host.assertRestored();
    }

    @Test
    void aLifeOnTheCommandLine() {
        assertThat(faas("instance", "create", "box", "-m", "64m", "-e", "WHO=me", "--ttl", "1h", "--runtime", "native").out())
                .startsWith("inst_")
                .contains("running");
        assertThat(faas("exec", "box", "--", "sh", "-c", "echo $WHO > /tmp/who").code()).isZero();
        assertThat(faas("exec", "box", "--", "cat", "/tmp/who").out()).isEqualTo("me\n");
        assertThat(faas("exec", "box", "--", "sh", "-c", "exit 7").code()).isEqualTo(7);
        assertThat(faas("instance", "pause", "box").out()).contains("paused");
        assertThat(faas("instance", "ls", "--state", "paused").out()).contains("box");
        assertThat(faas("instance", "resume", "box").out()).contains("running");
        assertThat(faas("instance", "extend", "box", "2h").code()).isZero();
        assertThat(faas("instance", "limit", "box", "--memory", "128m", "--json").out()).contains("\"memory_mb\" : 128");
        assertThat(faas("instance", "get", "box").out()).contains("\"name\" : \"box\"");
        assertThat(faas("instance", "rm", "box").code()).isZero();
        var gone = faas("exec", "box", "--", "true");
        assertThat(gone.code()).isEqualTo(125);
        assertThat(gone.err()).contains("there is no instance box");
    }

    @Test
    void filesGoInAndComeOut() throws IOException {
        faas("instance", "create", "files", "--runtime", "native");
        var local = Files.write(directory.resolve("in.bin"), new byte[] {0, 1, 2, -1});

        assertThat(faas("cp", "--mode", "0755", local.toString(), "files:/srv/new/in.bin").code()).isZero();
        assertThat(faas("exec", "files", "--", "stat", "-c", "%a %s", "/srv/new/in.bin").out()).isEqualTo("755 4\n");
        assertThat(faas("cp", "files:/srv/new/in.bin", directory.resolve("out.bin").toString()).code()).isZero();
        assertThat(Files.readAllBytes(directory.resolve("out.bin"))).containsExactly(0, 1, 2, -1);
        assertThat(faasWith("piped", "cp", "-", "files:/tmp/piped").code()).isZero();
        assertThat(faas("cp", "files:/tmp/piped", "-").out()).isEqualTo("piped");

        var missing = faas("cp", "files:/nothing", directory.resolve("nothing").toString());
        assertThat(missing.code()).isEqualTo(1);
        assertThat(missing.err()).contains("/nothing");
        assertThat(directory.resolve("nothing")).doesNotExist();
        assertThat(faas("cp", "here", "there").code()).isEqualTo(1);
        faas("instance", "rm", "files");
    }

    private static Shell.Ended faas(String verb, String... arguments) {
        return faasWith("", verb, arguments);
    }

    private static Shell.Ended faasWith(String input, String verb, String... arguments) {
        var words = new ArrayList<>(List.of(verb));
        words.addAll(List.of(arguments));
        var command = Java.main(words);
        Java.settings(command, Map.of("FAAS_URL", platform.uri().toString()));
        return Shell.run(command, input.getBytes(StandardCharsets.UTF_8));
    }
}
