package dev.faas.server.config;

import dev.faas.core.common.DataSize;
import dev.faas.store.image.ImageStoreConfig;
import dev.faas.store.image.ImageStoreConfig.Registry;
import dev.faas.store.image.UnpackLimits;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;

/// Where images are kept and how they get here.
final class ImageSettings {

    private ImageSettings() {}

    static ImageStoreConfig read(Settings settings, Path dataDir) {
        var fallback = ImageStoreConfig.in(dataDir.resolve("images"));
        return new ImageStoreConfig(
                fallback.directory(),
                fallback.uidBase(),
                fallback.ids(),
                settings.list(Key.of("images.definitions", "Directories with further base image definitions."), List.of()).stream()
                        .map(Path::of)
                        .toList(),
                unpack(settings, fallback.unpack()),
                registry(settings, fallback.registry()));
    }

    private static UnpackLimits unpack(Settings settings, UnpackLimits fallback) {
        return new UnpackLimits(
                settings.size(
                                Key.of("images.max-layer", "Unpacked size of a layer."),
                                DataSize.ofBytes(fallback.layerBytes()))
                        .bytes(),
                settings.number(
                        Key.of("images.max-layer-entries", "Files, directories and links of a layer."),
                        fallback.layerEntries(), 1, Integer.MAX_VALUE),
                settings.number(Key.of("images.max-layers", "Layers of an image."), fallback.layers(), 1, 127),
                fallback.documentBytes(),
                fallback.pathBytes());
    }

    private static Registry registry(Settings settings, Registry fallback) {
        return new Registry(
                optional(settings.text(
                        Key.of("registry.default", "The registry of references that name none; empty: they are only looked for here."),
                        fallback.standard().orElse(""))),
                new HashSet<>(settings.list(
                        Key.of("registry.insecure", "`host:port` of registries to talk to without TLS; loopback always may."),
                        fallback.insecure().stream().sorted().toList())),
                optional(settings.text(
                                Key.of("registry.credentials", "A docker configuration file; empty: the usual one."),
                                fallback.credentials().map(Path::toString).orElse("")))
                        .map(Path::of),
                settings.number(Key.of("registry.parallel-layers", "Layers downloaded at once."), fallback.parallelLayers(), 1, 64),
                settings.number(
                        Key.of("registry.attempts", "Tries for a request before a passing failure counts."),
                        fallback.attempts(), 1, 100),
                settings.duration(
                        Key.of("registry.first-retry-delay", "Pause before the second try; doubles with each."),
                        fallback.firstRetryDelay()),
                settings.duration(
                        Key.of("registry.request-timeout", "Until a response begins, and between two pieces of it."),
                        fallback.requestTimeout()));
    }

    private static Optional<String> optional(String text) {
        return text.isEmpty() ? Optional.empty() : Optional.of(text);
    }
}
