package dev.faas.drivers.docker;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.jspecify.annotations.Nullable;

/// A volume with the agent's program, which all sandboxes of this instance share, made when the first one needs it. The
/// program goes through the engine's API because the engine may be on another machine; into a volume, because that also
/// works below a read-only root, and because it is copied once instead of into every container. Thread-safe.
final class AgentVolume {

    /// Where it is in every container.
    static final String DIRECTORY = "/.faas";

    static final String AGENT = DIRECTORY + "/agent";

    private static final String MAKING = "making the agent's volume";

    private final Engine engine;
    private final Ownership ownership;
    private final Path agent;
    private final SingleFlight<String> making = new SingleFlight<>();
    private volatile @Nullable String volume;
    /// Whether the engine was ever asked to make something: then there may be something to remove.
    private volatile boolean asked;

    AgentVolume(Engine engine, Ownership ownership, Path agent) {
        this.engine = engine;
        this.ownership = ownership;
        this.agent = agent;
    }

    /// Its name in the engine.
    ///
    /// @param image any image of the engine: only a container can be copied into
    String get(String image) {
        var made = volume;
        return made != null ? made : making.share(MAKING, () -> make(image));
    }

    /// Makes it anew for the next sandbox: somebody may have removed it from the engine.
    void forget() {
        volume = null;
    }

    /// Removes what was made, also before [#forget]. The containers are gone by now. Where nothing was made, the engine
    /// isn't even asked: perhaps there never was one.
    void remove() {
        if (asked) {
            engine.remove("removing the agent's volume", client -> client.removeVolumeCmd(name()).exec());
        }
    }

    private String make(String image) throws IOException {
        var made = volume;
        if (made != null) {
            return made;
        }
        var name = name();
        var archive = archive();
        asked = true;
        engine.ask(MAKING, client ->
                client.createVolumeCmd().withName(name).withLabels(ownership.labels()).exec());
        var carrier = engine.ask("making a container to copy the agent with", client -> client.createContainerCmd(image)
                .withLabels(ownership.labels())
                .withEntrypoint(AGENT)
                .withHostConfig(ContainerRecipe.agentMount(name, false))
                .exec()
                .getId());
        try {
            engine.ask("copying the agent", client -> client.copyArchiveToContainerCmd(carrier)
                    .withRemotePath(DIRECTORY)
                    .withTarInputStream(new ByteArrayInputStream(archive))
                    .exec());
        } finally {
            engine.ask("removing the container that carried the agent", client -> client.removeContainerCmd(carrier)
                    .withForce(true)
                    .withRemoveVolumes(true)
                    .exec());
        }
        volume = name;
        return name;
    }

    private String name() {
        return "faas-agent-" + ownership.instance();
    }

    private byte[] archive() throws IOException {
        var program = Files.readAllBytes(agent);
        var bytes = new ByteArrayOutputStream(program.length + 4096);
        try (var tar = new TarArchiveOutputStream(bytes)) {
            var entry = new TarArchiveEntry("agent");
            entry.setMode(0555);
            entry.setSize(program.length);
            tar.putArchiveEntry(entry);
            tar.write(program);
            tar.closeArchiveEntry();
        }
        return bytes.toByteArray();
    }
}
