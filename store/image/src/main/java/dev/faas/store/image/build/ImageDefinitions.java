package dev.faas.store.image.build;

import dev.faas.core.image.ImageReference;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// The base images that can be built: the platform's own, and those of the operator's directories, which win.
/// Immutable.
public final class ImageDefinitions {

    /// Files of the repository's `images/` directory, packed beside this class.
    private static final List<String> BUILT_IN =
            List.of("base.yaml", "python.yaml", "node.yaml", "go.yaml", "java.yaml");

    private static final String SUFFIX = ".yaml";

    private final Map<String, ImageDefinition> byName = new LinkedHashMap<>();

    private ImageDefinitions() {}

    public static ImageDefinitions load(List<Path> directories) throws IOException {
        var definitions = new ImageDefinitions();
        for (String file : BUILT_IN) {
            try (var in = ImageDefinitions.class.getResourceAsStream(file)) {
                if (in == null) {
                    throw new IllegalStateException(file + " is missing from the program");
                }
                definitions.add(ImageDefinition.read(in, file));
            }
        }
        for (Path directory : directories) {
            definitions.addAll(directory);
        }
        return definitions;
    }

    /// The definition a reference means: by name, with no tag or `latest`.
    public Optional<ImageDefinition> find(ImageReference reference) {
        return Optional.ofNullable(byName.get(reference.canonical()));
    }

    public Collection<ImageDefinition> all() {
        return List.copyOf(byName.values());
    }

    private void addAll(Path directory) throws IOException {
        try (var files = Files.list(directory)) {
            for (Path file : files.filter(f -> f.toString().endsWith(SUFFIX)).sorted().toList()) {
                try (var in = Files.newInputStream(file)) {
                    add(ImageDefinition.read(in, file.toString()));
                }
            }
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }

    private void add(ImageDefinition definition) {
        byName.put(definition.name().canonical(), definition);
    }
}
