package dev.faas.server;

import dev.faas.core.common.PlatformException;
import dev.faas.core.image.ImageReference;
import dev.faas.core.image.ImageStore;
import dev.faas.core.image.RegistryLogins;
import dev.faas.core.sandbox.Isolation;
import dev.faas.core.sandbox.SandboxDriver;
import dev.faas.drivers.docker.DockerDriver;
import dev.faas.drivers.docker.DockerDriverConfig;
import dev.faas.drivers.linux.NativeDriver;
import dev.faas.drivers.linux.NativeDriverConfig;
import dev.faas.drivers.process.ProcessDriver;
import dev.faas.drivers.process.ProcessDriverConfig;
import dev.faas.server.config.ServerConfig;
import dev.faas.store.image.registry.Credentials;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Starts every technology the configuration allows; one that can't be started doesn't keep the others from it.
final class Drivers {

    private static final Logger LOG = LoggerFactory.getLogger(Drivers.class);

    private Drivers() {}

    static List<SandboxDriver> start(ServerConfig config, Directories directories, ImageStore images, Lifecycle lifecycle) {
        return List.of(
                lifecycle.add("native runtime", linux(config, directories, images)),
                lifecycle.add("docker runtime", docker(config, directories, images)),
                lifecycle.add("process runtime", process(config, directories)));
    }

    private static SandboxDriver linux(ServerConfig config, Directories directories, ImageStore images) {
        var drivers = config.drivers();
        if (!drivers.linux().isEnabled()) {
            return switchedOff(Isolation.NATIVE, "native.enabled");
        }
        if (!System.getProperty("os.name").equals("Linux")) {
            return new AbsentDriver(Isolation.NATIVE, "needs Linux", "use the docker runtime");
        }
        if (!Files.isExecutable(drivers.spawner()) || !Files.isExecutable(drivers.agent())) {
            return new AbsentDriver(
                    Isolation.NATIVE, "faas-spawner and faas-agent are not in " + drivers.programs(), "./faas build");
        }
        try {
            return NativeDriver.start(nativeConfig(config, directories), images);
        } catch (PlatformException e) {
            LOG.warn("the native runtime can't be used: {}", e.getMessage());
            return new AbsentDriver(Isolation.NATIVE, String.valueOf(e.getMessage()), "./faas doctor");
        }
    }

    private static NativeDriverConfig nativeConfig(ServerConfig config, Directories directories) {
        var drivers = config.drivers();
        var pools = drivers.linux().pools();
        int port = config.gateway().port();
        return new NativeDriverConfig(
                drivers.spawner(),
                drivers.agent(),
                directories.run(),
                config.images().uidBase(),
                drivers.linux().dns(),
                port == 0 ? List.of() : List.of(port),
                List.of(
                        "--network", drivers.linux().network(),
                        "--max-sandboxes", String.valueOf(drivers.linux().maxSandboxes()),
                        "--netns-pool", String.valueOf(pools.namespaces()),
                        "--nat-pool", String.valueOf(pools.natNamespaces()),
                        "--cgroup-pool", String.valueOf(pools.cgroups())));
    }

    private static SandboxDriver docker(ServerConfig config, Directories directories, ImageStore images) {
        if (!config.drivers().docker().isEnabled()) {
            return switchedOff(Isolation.DOCKER, "docker.enabled");
        }
        return new LazyDriver(
                Isolation.DOCKER, () -> DockerDriver.start(dockerConfig(config, directories), images, logins(config)));
    }

    private static DockerDriverConfig dockerConfig(ServerConfig config, Directories directories) {
        var docker = config.drivers().docker();
        return new DockerDriverConfig(
                docker.host(),
                config.drivers().agent(),
                Optional.of(config.drivers().spawner()).filter(Files::isExecutable),
                directories.docker(),
                config.engine().defaultLimits().disk(),
                docker.probeTimeout(),
                docker.callTimeout(),
                docker.startTimeout(),
                docker.transferTimeout());
    }

    /// Those the image store's own pulls use.
    private static RegistryLogins logins(ServerConfig config) {
        return new Credentials(config.images().registry().credentials());
    }

    /// Removes what dead instances left in the container engine, if there is one.
    static int sweepContainers(ServerConfig config, Directories directories) {
        return config.drivers().docker().isEnabled()
                ? DockerDriver.sweep(dockerConfig(config, directories))
                : 0;
    }

    /// Writes an image of the container engine into a file, as `docker save` does.
    static void exportFromEngine(ServerConfig config, ImageStore images, ImageReference image, Path archive) throws IOException {
        try (var driver = DockerDriver.start(
                        dockerConfig(config, Directories.prepare(config.dataDir())), images, logins(config));
                var target = new BufferedOutputStream(Files.newOutputStream(archive))) {
            driver.exportImage(image, target);
        }
    }

    private static SandboxDriver process(ServerConfig config, Directories directories) {
        return new ProcessDriver(new ProcessDriverConfig(
                config.drivers().isProcessEnabled(),
                config.drivers().agent(),
                directories.processes(),
                config.engine().defaultLimits(),
                config.engine().defaultNetwork()));
    }

    private static SandboxDriver switchedOff(Isolation isolation, String key) {
        return new AbsentDriver(isolation, "switched off", "set " + key + " to true");
    }
}
