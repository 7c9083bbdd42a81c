package dev.faas.server.config;

import dev.faas.core.common.DataSize;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;

/// Reads settings from its sources, the last one first. Reading a setting is what declares it: the table of all keys, the
/// refusal of unknown ones and the list of effective values all follow from what was read. Confined to one thread.
public final class Settings {

    /// Variables that begin like ours but belong to the command line or the launcher.
    static final Set<String> NOT_OURS = Set.of("FAAS_URL", "FAAS_API_KEY", "FAAS_CONFIG", "FAAS_BUILD_FLAGS", "FAAS_HOME");

    private final List<Source> sources;
    private final Map<String, Setting> declared = new LinkedHashMap<>();
    private final List<String> problems = new ArrayList<>();

    /// @param sources weakest first
    public Settings(List<Source> sources) {
        this.sources = List.copyOf(sources).reversed();
    }

    public String text(Key key, String fallback) {
        return read(key, "text", fallback, Function.identity(), Function.identity());
    }

    public Path path(Key key, Path fallback) {
        return read(key, "path", fallback, Path::of, Path::toString);
    }

    public Secret secret(Key key) {
        return read(key, "secret", Secret.NONE, Secret::new, Secret::toString);
    }

    public boolean flag(Key key, boolean fallback) {
        return read(key, "true, false", fallback, Settings::parseFlag, String::valueOf);
    }

    public int number(Key key, int fallback, int min, int max) {
        return Math.toIntExact(number(key, (long) fallback, min, max));
    }

    public long number(Key key, long fallback, long min, long max) {
        return read(key, "%d to %d".formatted(min, max), fallback, text -> within(Long.parseLong(text), min, max), String::valueOf);
    }

    public Duration duration(Key key, Duration fallback) {
        return read(key, "duration", fallback, Units::parseDuration, Units::format);
    }

    public DataSize size(Key key, DataSize fallback) {
        return read(key, "size", fallback, Units::parseSize, Units::format);
    }

    /// Comma-separated; blanks around the parts don't count.
    public List<String> list(Key key, List<String> fallback) {
        return read(key, "list", fallback, Settings::split, parts -> String.join(", ", parts));
    }

    public <T> T choice(Key key, T fallback, Map<String, T> choices) {
        return read(key, choices.keySet().stream().sorted().collect(Collectors.joining(", ")), fallback,
                text -> Optional.ofNullable(choices.get(text)).orElseThrow(() -> new IllegalArgumentException("no such choice")),
                value -> nameOf(value, choices));
    }

    /// Anything that is written the way its `toString` shows it.
    ///
    /// @param parse throws IllegalArgumentException for what it doesn't understand
    public <T> T parsed(Key key, String type, T fallback, Function<String, T> parse) {
        return read(key, type, fallback, parse, Object::toString);
    }

    /// Says that a value, though well-formed, can't be used.
    public void refuse(Key key, String reason) {
        problems.add(key.name() + " (" + key.variable() + "): " + reason);
    }

    /// To be called when every component has read its part.
    ///
    /// @return everything that was read, in order
    /// @throws ConfigException naming every malformed value and every key nobody asked for
    public List<Setting> finish() {
        for (var source : sources) {
            var known = declared.values().stream().map(setting -> source.nameOf(setting.key())).collect(Collectors.toSet());
            source.values().keySet().stream()
                    .filter(name -> !known.contains(name) && isOurs(source, name))
                    .sorted()
                    .forEach(name -> problems.add(unknown(source, name, known)));
        }
        if (!problems.isEmpty()) {
            throw new ConfigException(problems);
        }
        return List.copyOf(declared.values());
    }

    private static boolean isOurs(Source source, String name) {
        return !source.isEnvironment() || name.startsWith("FAAS_") && !NOT_OURS.contains(name);
    }

    private static String unknown(Source source, String name, Set<String> known) {
        return "%s: '%s' is not a setting%s; docs/configuration.md lists them all".formatted(
                source.name(), name, Similar.to(name, known).map(other -> ", did you mean '" + other + "'?").orElse(""));
    }

    private <T> T read(Key key, String type, T fallback, Function<String, T> parse, Function<T, String> format) {
        var value = fallback;
        var from = "default";
        for (var source : sources) {
            var written = source.values().get(source.nameOf(key));
            if (written != null) {
                from = source.name();
                value = parse(source, key, type, written, parse).orElse(fallback);
                break;
            }
        }
        declared.put(key.name(), new Setting(key, type, format.apply(fallback), format.apply(value), from));
        return value;
    }

    private <T> Optional<T> parse(Source source, Key key, String type, String written, Function<String, T> parse) {
        try {
            return Optional.of(parse.apply(written.strip()));
        } catch (IllegalArgumentException | ArithmeticException e) {
            problems.add("%s: %s = '%s' can't be used; expected: %s".formatted(source.name(), source.nameOf(key), written, type));
            return Optional.empty();
        }
    }

    private static boolean parseFlag(String text) {
        return switch (text) {
            case "true", "1", "yes", "on" -> true;
            case "false", "0", "no", "off" -> false;
            default -> throw new IllegalArgumentException(text);
        };
    }

    private static long within(long value, long min, long max) {
        if (value < min || value > max) {
            throw new IllegalArgumentException("out of range");
        }
        return value;
    }

    private static List<String> split(String text) {
        return Arrays.stream(text.split(",")).map(String::strip).filter(part -> !part.isEmpty()).toList();
    }

    private static <T> String nameOf(T value, Map<String, T> choices) {
        return choices.entrySet().stream()
                .filter(entry -> entry.getValue().equals(value))
                .map(Map.Entry::getKey)
                .findFirst()
                .orElseThrow();
    }
}
