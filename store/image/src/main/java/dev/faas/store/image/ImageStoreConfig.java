package dev.faas.store.image;

import dev.faas.store.image.posix.Posix;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// How an image store works.
///
/// @param directory   where it keeps everything; several processes may share it
/// @param uidBase     added to every owner on disk: the host id that is root inside a sandbox
/// @param ids         how many ids a sandbox has, from `uidBase` on
/// @param definitions directories with further base image definitions; the platform's own are built in
/// @param unpack      limits for archives
/// @param registry    how registries are talked to
public record ImageStoreConfig(
        Path directory, int uidBase, int ids, List<Path> definitions, UnpackLimits unpack, Registry registry) {

    /// The host id that is root inside a sandbox when the platform runs as root.
    public static final int DEFAULT_UID_BASE = 100_000;

    public static final int DEFAULT_IDS = 65_536;

    public ImageStoreConfig {
        definitions = List.copyOf(definitions);
    }

    /// The usual settings: shifted ownership as root, the own user's otherwise.
    public static ImageStoreConfig in(Path directory) {
        return new ImageStoreConfig(
                directory,
                Posix.isRoot() ? DEFAULT_UID_BASE : 0,
                DEFAULT_IDS,
                List.of(),
                UnpackLimits.DEFAULT,
                Registry.DEFAULT);
    }

    public ImageStoreConfig withRegistry(Registry replacement) {
        return new ImageStoreConfig(directory, uidBase, ids, definitions, unpack, replacement);
    }

    public ImageStoreConfig withUnpack(UnpackLimits replacement) {
        return new ImageStoreConfig(directory, uidBase, ids, definitions, replacement, registry);
    }

    /// How registries are talked to.
    ///
    /// @param standard         the registry of references that name none; without one they are found locally or not at
    ///                         all
    /// @param insecure         `host:port` of registries to talk to without TLS; loopback always may
    /// @param credentials      a docker configuration file; empty means `$DOCKER_CONFIG/config.json` or
    ///                         `~/.docker/config.json`
    /// @param parallelLayers   layers downloaded at once
    /// @param attempts         tries for a request before a transient failure counts
    /// @param firstRetryDelay  pause before the second try; doubles with each
    /// @param requestTimeout   until a response begins, and between two pieces of a body
    public record Registry(
            Optional<String> standard,
            Set<String> insecure,
            Optional<Path> credentials,
            int parallelLayers,
            int attempts,
            Duration firstRetryDelay,
            Duration requestTimeout) {

        public static final Registry DEFAULT = new Registry(
                Optional.empty(), Set.of(), Optional.empty(), 4, 5, Duration.ofMillis(250), Duration.ofSeconds(30));

        public Registry {
            insecure = Set.copyOf(insecure);
        }
    }
}
