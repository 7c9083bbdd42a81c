package dev.faas.bench;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.nio.file.StandardCopyOption.COPY_ATTRIBUTES;
import static java.nio.file.StandardCopyOption.REPLACE_EXISTING;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// Everything the contenders share: one root file system, an OCI bundle of it, a Docker image of it and an image of ours of it.
///
/// @param root    the checkout
/// @param work    where this benchmark keeps its files; the root file system in it is made once
/// @param dataDir the platform's data directory for the benchmark
record Lab(Path root, Path work, Path dataDir) {

    /// The shared root file system's name, in Docker and in our store.
    static final String IMAGE = "faas-bench/base:1";

    /// The program every contender runs: static, so that its start does not drown what is compared. Copies stdin to stdout.
    static final List<String> PROGRAM = List.of("/bin/faas-yardstick", "--cat");

    private static final int COMMAND_MINUTES = 10;
    private static final JsonMapper JSON = JsonMapper.builder().build();

    Path yardstick() {
        return root.resolve("native/target/release/faas-yardstick");
    }

    /// Makes the root file system (Debian's minbase and the static program) if it isn't there, and our image of it.
    static Lab prepare(Path root, Path work) throws IOException, InterruptedException {
        var lab = new Lab(root, Files.createDirectories(work), work.resolve("data"));
        if (!Files.isDirectory(lab.rootFs())) {
            var unfinished = work.resolve("rootfs.unfinished");
            shell("rm -rf '%1$s' && mmdebstrap --variant=minbase bookworm '%1$s'".formatted(unfinished));
            Files.move(unfinished, lab.rootFs());
        }
        Files.copy(lab.yardstick(), lab.rootFs().resolve("bin/faas-yardstick"), REPLACE_EXISTING, COPY_ATTRIBUTES);
        shell("tar --numeric-owner -C '%s' -cf '%s' .".formatted(lab.rootFs(), lab.archive()));
        shell("FAAS_DATA_DIR='%s' '%s' image import '%s' --name %s"
                .formatted(lab.dataDir(), root.resolve("faas"), lab.archive(), IMAGE));
        return lab;
    }

    Path rootFs() {
        return work.resolve("rootfs");
    }

    /// The same as a tar.
    Path archive() {
        return work.resolve("rootfs.tar");
    }

    /// A bundle for crun and runc: what `spec` writes, not on a terminal, with our limits.
    Path bundle(String name) throws IOException, InterruptedException {
        var bundle = Files.createDirectories(work.resolve("bundle-" + name));
        shell("cd '%s' && rm -f config.json && runc spec".formatted(bundle));
        var config = (ObjectNode) JSON.readTree(bundle.resolve("config.json"));
        var process = (ObjectNode) config.get("process");
        process.put("terminal", false);
        process.set("args", JSON.valueToTree(PROGRAM));
        ((ObjectNode) config.get("root")).put("path", rootFs().toString()).put("readonly", true);
        var resources = config.get("linux").withObject("resources");
        resources.withObject("memory").put("limit", Settings.MEMORY_MB * 1024L * 1024);
        resources.withObject("pids").put("limit", 512);
        resources.withObject("cpu").put("quota", 100_000).put("period", 100_000);
        Files.writeString(bundle.resolve("config.json"), JSON.writeValueAsString(config));
        return bundle;
    }

    /// Runs a command line of set-up; what it prints is shown only if it fails.
    static String shell(String line) throws IOException, InterruptedException {
        var process = new ProcessBuilder("sh", "-c", line).redirectErrorStream(true).start();
        var output = new String(process.getInputStream().readAllBytes(), UTF_8);
        if (!process.waitFor(COMMAND_MINUTES, TimeUnit.MINUTES) || process.exitValue() != 0) {
            process.destroyForcibly();
            throw new IOException(line + ": " + output);
        }
        return output.strip();
    }

    static boolean has(String program) {
        try {
            return !shell("command -v " + program).isEmpty();
        } catch (IOException e) {
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }
}
