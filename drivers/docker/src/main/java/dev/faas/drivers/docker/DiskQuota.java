package dev.faas.drivers.docker;

import com.github.dockerjava.api.model.HostConfig;
import com.github.dockerjava.api.model.Info;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Whether an engine's storage limits the writable layer of a container. Only an attempt tells: it depends on how the
/// file system below was made and mounted. Thread-safe.
final class DiskQuota {

    /// Of the attempt, and more than any image's.
    private static final String SIZE = Long.toString(1L << 40);

    private final Engine engine;
    private final Ownership ownership;
    private volatile @Nullable Boolean works;

    DiskQuota(Engine engine, Ownership ownership) {
        this.engine = engine;
        this.ownership = ownership;
    }

    /// Asks the engine once; false as long as it has no image to try it with.
    boolean works(Info info) {
        var known = works;
        if (known != null) {
            return known;
        }
        if (!mayWork(info)) {
            works = false;
            return false;
        }
        var images = engine.ask("listing images", client -> client.listImagesCmd().exec());
        if (images.isEmpty()) {
            return false;
        }
        boolean found = attempt(images.getFirst().getId());
        works = found;
        return found;
    }

    /// The engine may come back with other storage.
    void forget() {
        works = null;
    }

    static HostConfig limited(HostConfig config, long bytes) {
        return config.withStorageOpt(Map.of("size", Long.toString(bytes)));
    }

    static String describe(Info info) {
        return info.getDriver() + " on " + backing(info);
    }

    private boolean attempt(String image) {
        try {
            var made = engine.ask("trying a disk limit", client -> client.createContainerCmd(image)
                    .withLabels(ownership.labels())
                    .withEntrypoint(AgentVolume.AGENT)
                    .withHostConfig(HostConfig.newHostConfig().withStorageOpt(Map.of("size", SIZE)))
                    .exec()
                    .getId());
            engine.remove("removing what a disk limit was tried with", client -> client.removeContainerCmd(made)
                    .withForce(true)
                    .exec());
            return true;
        } catch (EngineException e) {
            if (e.isLost()) {
                throw e;
            }
            return false;
        }
    }

    /// Not btrfs: there the engine limits the image and what was written together, so that a container of an image
    /// larger than the limit can't be made, or can as long as the file system is still counting.
    private static boolean mayWork(Info info) {
        var driver = String.valueOf(info.getDriver());
        return driver.equals("zfs") || (driver.equals("overlay2") && backing(info).equals("xfs"));
    }

    private static String backing(Info info) {
        var pairs = info.getDriverStatuses() == null ? List.<List<String>>of() : info.getDriverStatuses();
        return pairs.stream()
                .filter(pair -> pair.size() == 2 && pair.getFirst().equals("Backing Filesystem"))
                .map(List::getLast)
                .findFirst()
                .orElse("a file system it doesn't name");
    }
}
