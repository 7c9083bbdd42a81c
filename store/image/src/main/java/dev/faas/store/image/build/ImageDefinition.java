package dev.faas.store.image.build;

import dev.faas.core.image.Image;
import dev.faas.core.image.ImageReference;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;

/// What a base image consists of, as a file in `images/` says it.
///
/// @param name     what it is called
/// @param from     the definition it adds a layer to; empty for one that starts from nothing
/// @param packages Debian packages to install, without what they only recommend
/// @param setup    shell commands, run by `sh -e` inside the new root after the packages are installed
/// @param remove   absolute paths whose files are taken away at the end; directories stay
/// @param config   how to run in it
public record ImageDefinition(
        ImageReference name,
        Optional<ImageReference> from,
        List<String> packages,
        List<String> setup,
        List<String> remove,
        Image.Config config) {

    private static final Set<String> KEYS =
            Set.of("name", "from", "packages", "setup", "remove", "env", "user", "working_dir", "command");

    public ImageDefinition {
        packages = List.copyOf(packages);
        setup = List.copyOf(setup);
        remove = List.copyOf(remove);
    }

    /// Reads a definition.
    ///
    /// @param origin the file's name, for messages
    public static ImageDefinition read(InputStream yaml, String origin) throws IOException {
        Object document;
        try {
            document = new Load(LoadSettings.builder().setLabel(origin).build()).loadFromInputStream(yaml);
        } catch (YamlEngineException e) {
            throw new IOException(origin + " is not YAML: " + e.getMessage(), e);
        }
        if (!(document instanceof Map<?, ?> map)) {
            throw new IOException(origin + " must be a map of keys");
        }
        for (var key : map.keySet()) {
            if (!(key instanceof String text) || !KEYS.contains(text)) {
                throw new IOException(origin + " has the unknown key '" + key + "'; known are " + sorted());
            }
        }
        var fields = new Fields(map, origin);
        return new ImageDefinition(
                ImageReference.of(fields.text("name")
                        .orElseThrow(() -> new IOException(origin + " has no 'name'"))),
                fields.text("from").map(ImageReference::of),
                fields.list("packages"),
                fields.list("setup"),
                fields.list("remove"),
                new Image.Config(
                        fields.strings("env"),
                        fields.text("working_dir").orElse("/"),
                        fields.text("user").orElse(""),
                        List.of(),
                        fields.list("command")));
    }

    private static List<String> sorted() {
        return KEYS.stream().sorted().toList();
    }

    private record Fields(Map<?, ?> map, String origin) {

        Optional<String> text(String key) throws IOException {
            return switch (map.get(key)) {
                case null -> Optional.empty();
                case String text -> Optional.of(text);
                default -> throw new IOException(origin + ": '" + key + "' must be a text");
            };
        }

        List<String> list(String key) throws IOException {
            return switch (map.get(key)) {
                case null -> List.of();
                case List<?> values when values.stream().allMatch(String.class::isInstance) ->
                    values.stream().map(String.class::cast).toList();
                default -> throw new IOException(origin + ": '" + key + "' must be a list of texts");
            };
        }

        Map<String, String> strings(String key) throws IOException {
            return switch (map.get(key)) {
                case null -> Map.of();
                case Map<?, ?> values
                        when values.entrySet().stream()
                                .allMatch(e -> e.getKey() instanceof String && e.getValue() instanceof String) ->
                    values.entrySet().stream()
                            .collect(Collectors.toMap(
                                    e -> (String) e.getKey(), e -> (String) e.getValue()));
                default -> throw new IOException(origin + ": '" + key + "' must map texts to texts (quote numbers)");
            };
        }
    }
}
