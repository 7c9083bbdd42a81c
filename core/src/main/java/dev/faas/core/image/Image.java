package dev.faas.core.image;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/// An image that is on this machine, unpacked and verified.
///
/// @param reference the name it was asked for by
/// @param digest    `sha256:…` of its manifest: what really runs
/// @param layers    its unpacked layers, uppermost first; read-only and shared
/// @param config    what the image says about how to run in it
/// @param size      bytes of its unpacked layers
public record Image(ImageReference reference, String digest, List<Path> layers, Config config, long size) {

    public Image {
        layers = List.copyOf(layers);
    }

    /// Defaults an image carries; a request overrides each of them.
    ///
    /// @param env        environment
    /// @param workingDir absolute path, `/` when the image names none
    /// @param user       `name`, `uid` or either with a group; empty means root
    /// @param entrypoint kept for callers that want it; an execution's command never goes through it
    /// @param command    as above
    public record Config(
            Map<String, String> env, String workingDir, String user, List<String> entrypoint, List<String> command) {

        public static final Config EMPTY = new Config(Map.of(), "/", "", List.of(), List.of());

        public Config {
            env = Map.copyOf(env);
            entrypoint = List.copyOf(entrypoint);
            command = List.copyOf(command);
        }
    }
}
