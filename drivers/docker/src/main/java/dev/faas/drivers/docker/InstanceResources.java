package dev.faas.drivers.docker;

import com.github.dockerjava.api.DockerClient;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.function.Function;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.jspecify.annotations.Nullable;

/// What all sandboxes of this instance share in the engine, made when the first one needs it: a volume with the agent's
/// program, and a network. The program goes through the engine's API because the engine may be on another machine; a
/// volume, because it also works below a read-only root, and because it is copied once instead of into every container.
/// Thread-safe.
final class InstanceResources {

    /// Where the volume is in every container.
    static final String AGENT_DIRECTORY = "/.faas";

    static final String AGENT = AGENT_DIRECTORY + "/agent";

    /// Keeps containers of the network from each other.
    private static final String INTER_CONTAINER = "com.docker.network.bridge.enable_icc";

    private final Engine engine;
    private final Ownership ownership;
    private final Path agent;
    private final SingleFlight<String> making = new SingleFlight<>();
    private volatile @Nullable String agentVolume;
    private volatile @Nullable String network;
    /// Whether the engine was ever asked to make something: then there may be something to remove.
    private volatile boolean asked;

    InstanceResources(Engine engine, Ownership ownership, Path agent) {
        this.engine = engine;
        this.ownership = ownership;
        this.agent = agent;
    }

    /// The volume with the agent in it.
    ///
    /// @param image any image of the engine: only a container can be copied into
    String agentVolume(String image) {
        var made = agentVolume;
        return made != null ? made : making.share("making the agent's volume", () -> makeVolume(image));
    }

    /// The network of sandboxes that may reach the outside.
    String network() {
        var made = network;
        return made != null ? made : making.share("making the network", this::makeNetwork);
    }

    /// Makes everything anew for the next sandbox: somebody may have removed it from the engine.
    void forget() {
        agentVolume = null;
        network = null;
    }

    /// Removes what was made, also before [#forget]. The containers are gone by now. Where nothing was made, the engine
    /// isn't even asked: perhaps there never was one.
    void remove() {
        if (!asked) {
            return;
        }
        removeIfThere("removing the agent's volume", client ->
                client.removeVolumeCmd(volumeName()).exec());
        removeIfThere("removing the network", client ->
                client.removeNetworkCmd(networkName()).exec());
    }

    private void removeIfThere(String doing, Function<DockerClient, Void> removal) {
        try {
            engine.ask(doing, removal);
        } catch (EngineException e) {
            if (!e.isNotFound()) {
                throw e;
            }
        }
    }

    private String makeVolume(String image) throws IOException {
        var made = agentVolume;
        if (made != null) {
            return made;
        }
        var name = volumeName();
        var archive = archive();
        asked = true;
        engine.ask("making the agent's volume", client ->
                client.createVolumeCmd().withName(name).withLabels(ownership.labels()).exec());
        var carrier = engine.ask("making a container to copy the agent with", client -> client.createContainerCmd(image)
                .withLabels(ownership.labels())
                .withEntrypoint(AGENT)
                .withHostConfig(ContainerRecipe.agentMount(name, false))
                .exec()
                .getId());
        try {
            engine.ask("copying the agent", client -> client.copyArchiveToContainerCmd(carrier)
                    .withRemotePath(AGENT_DIRECTORY)
                    .withTarInputStream(new ByteArrayInputStream(archive))
                    .exec());
        } finally {
            engine.ask("removing the container that carried the agent", client -> client.removeContainerCmd(carrier)
                    .withForce(true)
                    .withRemoveVolumes(true)
                    .exec());
        }
        agentVolume = name;
        return name;
    }

    private String makeNetwork() {
        var made = network;
        if (made != null) {
            return made;
        }
        var name = networkName();
        asked = true;
        try {
            engine.ask("making the network", client -> client.createNetworkCmd()
                    .withName(name)
                    .withDriver("bridge")
                    .withCheckDuplicate(true)
                    .withOptions(Map.of(INTER_CONTAINER, "false"))
                    .withLabels(ownership.labels())
                    .exec());
        } catch (EngineException e) {
            if (!e.isConflict()) {
                throw e;
            }
            // It is there already: made before this driver was told to forget.
        }
        network = name;
        return name;
    }

    private String volumeName() {
        return "faas-agent-" + ownership.instance();
    }

    private String networkName() {
        return "faas-" + ownership.instance();
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
