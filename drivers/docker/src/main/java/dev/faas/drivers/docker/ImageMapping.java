package dev.faas.drivers.docker;

import com.github.dockerjava.api.command.InspectImageResponse;
import dev.faas.core.image.Image;
import dev.faas.core.image.ImageReference;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The engine's words about an image in the platform's.
final class ImageMapping {

    private ImageMapping() {}

    /// The digest of its manifest if it came from a registry under this name, otherwise the engine's id: the digest of
    /// its configuration.
    static String digest(ImageReference reference, InspectImageResponse found) {
        var name = reference.value();
        var digests = found.getRepoDigests() == null ? List.<String>of() : found.getRepoDigests();
        return digests.stream()
                .filter(digest -> digest.indexOf('@') > 0)
                .filter(digest -> name.startsWith(digest.substring(0, digest.indexOf('@'))))
                .map(digest -> digest.substring(digest.indexOf('@') + 1))
                .findFirst()
                .orElse(String.valueOf(found.getId()));
    }

    static Image.Config config(InspectImageResponse found) {
        var config = found.getConfig();
        if (config == null) {
            return Image.Config.EMPTY;
        }
        var directory = config.getWorkingDir();
        return new Image.Config(
                environment(config.getEnv()),
                directory == null || directory.isEmpty() ? "/" : directory,
                config.getUser() == null ? "" : config.getUser(),
                list(config.getEntrypoint()),
                list(config.getCmd()));
    }

    static List<String> names(com.github.dockerjava.api.model.Image image) {
        return list(image.getRepoTags()).stream()
                .filter(name -> !name.startsWith("<none>"))
                .toList();
    }

    private static Map<String, String> environment(String @Nullable [] assignments) {
        var environment = new HashMap<String, String>();
        for (var assignment : list(assignments)) {
            int sign = assignment.indexOf('=');
            if (sign > 0) {
                environment.put(assignment.substring(0, sign), assignment.substring(sign + 1));
            }
        }
        return environment;
    }

    private static List<String> list(String @Nullable [] items) {
        return items == null ? List.of() : Arrays.asList(items);
    }
}
