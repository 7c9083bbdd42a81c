package dev.faas.server.config;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/// Values from one place.
///
/// @param name          for people: `environment`, `faas.conf`
/// @param isEnvironment whether the names are those of variables
public record Source(String name, Map<String, String> values, boolean isEnvironment) {

    private static final Pattern LINE = Pattern.compile("\\s*([a-z0-9.-]+)\\s*=\\s*(.*?)\\s*");

    public Source {
        values = Map.copyOf(values);
    }

    public static Source environment(Map<String, String> variables) {
        return new Source("environment", variables, true);
    }

    public static Source flags(Map<String, String> values) {
        return new Source("command line", values, false);
    }

    /// Reads `key = value` lines; `#` starts a comment line. Nothing is escaped and nothing is quoted.
    ///
    /// @throws ConfigException if the file can't be read, a line is something else, or a key comes twice
    public static Source file(Path file) {
        var values = new LinkedHashMap<String, String>();
        var problems = new ArrayList<String>();
        int number = 0;
        for (var line : lines(file)) {
            number++;
            if (line.isBlank() || line.stripLeading().startsWith("#")) {
                continue;
            }
            var matcher = LINE.matcher(line);
            if (!matcher.matches()) {
                problems.add("%s:%d: write 'key = value', or start the line with # to comment it out".formatted(file, number));
            } else if (values.put(matcher.group(1), matcher.group(2)) != null) {
                problems.add("%s:%d: %s is set twice".formatted(file, number, matcher.group(1)));
            }
        }
        if (!problems.isEmpty()) {
            throw new ConfigException(problems);
        }
        return new Source(file.toString(), values, false);
    }

    private static List<String> lines(Path file) {
        try {
            return Files.readAllLines(file);
        } catch (IOException e) {
            throw new ConfigException(List.of("%s can't be read: %s".formatted(file, e)));
        }
    }

    String nameOf(Key key) {
        return isEnvironment ? key.variable() : key.name();
    }
}
