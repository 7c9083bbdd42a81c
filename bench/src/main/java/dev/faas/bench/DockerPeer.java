package dev.faas.bench;

import dev.faas.testkit.service.DockerEngine;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/// The Docker Engine the benchmark measures beside us: one of its own, started for it, so that it is alone and gone afterwards. Confined to
/// one thread.
final class DockerPeer implements AutoCloseable {

    private final DockerEngine engine;

    private DockerPeer(DockerEngine engine) {
        this.engine = engine;
    }

    /// Starts one and gives it the shared root file system; empty where none is installed.
    static Optional<DockerPeer> start(Path archive) throws IOException, InterruptedException {
        if (!Lab.has("dockerd") || !Lab.has("docker")) {
            return Optional.empty();
        }
        var peer = new DockerPeer(DockerEngine.start());
        peer.run("import", archive.toString(), Lab.IMAGE);
        return Optional.of(peer);
    }

    /// The command line of the engine's client with these arguments.
    List<String> argv(String... arguments) {
        return Stream.concat(Stream.of("docker", "-H", engine.host()), Stream.of(arguments)).toList();
    }

    /// Runs the client and returns what it prints.
    String run(String... arguments) throws IOException, InterruptedException {
        return Lab.shell(String.join(" ", argv(arguments)));
    }

    /// A container that sleeps.
    String startContainer() throws IOException, InterruptedException {
        return run("run", "-d", "--network", "none", "--memory", Settings.MEMORY_MB + "m", Lab.IMAGE, "/bin/sleep", "3600");
    }

    @Override
    public void close() {
        engine.close();
    }
}
