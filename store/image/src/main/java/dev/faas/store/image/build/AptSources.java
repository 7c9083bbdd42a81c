package dev.faas.store.image.build;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/// Where this machine gets its own Debian packages from: base images come from there too, so whatever mirror or proxy
/// the machine is set up for keeps working. Other vendors' sources are left out: only the distribution's own suites
/// count.
///
/// @param codename the distribution's release, such as `bookworm`
/// @param lines    its sources in apt's one-line form
public record AptSources(String codename, List<String> lines) {

    private static final Set<String> POCKETS = Set.of("", "-updates", "-security");

    public AptSources {
        lines = List.copyOf(lines);
    }

    /// Reads the sources below `root`, which is `/` except in tests.
    ///
    /// @throws IOException when this is not a Debian-like machine or it has no sources
    public static AptSources read(Path root) throws IOException {
        String codename = codename(root);
        List<String> lines = new ArrayList<>();
        for (Path file : files(root.resolve("etc/apt"))) {
            String text = Files.readString(file);
            var found = file.toString().endsWith(".sources") ? stanzas(text) : oneLiners(text);
            found.stream().filter(source -> source.isOf(codename)).forEach(source -> lines.add(source.line()));
        }
        if (lines.isEmpty()) {
            throw new IOException("/etc/apt names no package source for '" + codename + "'");
        }
        return new AptSources(codename, lines);
    }

    private static String codename(Path root) throws IOException {
        Path release = root.resolve("etc/os-release");
        if (!Files.exists(root.resolve("etc/apt")) || !Files.exists(release)) {
            throw new IOException("this machine has no apt; base images are built from Debian packages");
        }
        return Files.readString(release)
                .lines()
                .filter(line -> line.startsWith("VERSION_CODENAME="))
                .map(line -> line.substring(line.indexOf('=') + 1).replace("\"", "").strip())
                .findFirst()
                .orElseThrow(() -> new IOException("/etc/os-release names no VERSION_CODENAME"));
    }

    private static List<Path> files(Path apt) throws IOException {
        List<Path> files = new ArrayList<>();
        if (Files.exists(apt.resolve("sources.list"))) {
            files.add(apt.resolve("sources.list"));
        }
        Path parts = apt.resolve("sources.list.d");
        if (Files.isDirectory(parts)) {
            try (var list = Files.list(parts)) {
                list.filter(file -> file.toString().matches(".*\\.(list|sources)")).sorted().forEach(files::add);
            }
        }
        return files;
    }

    /// `deb [options] uri suite component…`
    private static List<Source> oneLiners(String text) {
        List<Source> sources = new ArrayList<>();
        for (String line : text.lines().map(String::strip).filter(l -> l.startsWith("deb ") || l.startsWith("deb\t"))
                .toList()) {
            String options = "";
            String rest = line.substring(3).strip();
            if (rest.startsWith("[") && rest.contains("]")) {
                options = rest.substring(1, rest.indexOf(']')).strip();
                rest = rest.substring(rest.indexOf(']') + 1).strip();
            }
            var words = rest.replaceFirst("\\s*#.*", "").split("\\s+");
            if (words.length >= 2) {
                String components = String.join(" ", Arrays.copyOfRange(words, 2, words.length));
                sources.add(new Source(options, words[0], words[1], components));
            }
        }
        return sources;
    }

    /// The newer form: stanzas of `Key: value`, each standing for every combination of its URIs and suites.
    private static List<Source> stanzas(String text) {
        List<Source> sources = new ArrayList<>();
        for (String stanza : text.split("\\n\\s*\\n")) {
            var fields = fields(stanza);
            boolean binary = List.of(fields.getOrDefault("types", "").split("\\s+")).contains("deb");
            if (!binary || fields.getOrDefault("enabled", "yes").equalsIgnoreCase("no")) {
                continue;
            }
            String key = fields.getOrDefault("signed-by", "");
            String options = key.startsWith("/") ? "signed-by=" + key : "";
            for (String uri : fields.getOrDefault("uris", "").split("\\s+")) {
                for (String suite : fields.getOrDefault("suites", "").split("\\s+")) {
                    sources.add(new Source(options, uri, suite, fields.getOrDefault("components", "")));
                }
            }
        }
        return sources;
    }

    private static Map<String, String> fields(String stanza) {
        Map<String, String> fields = new LinkedHashMap<>();
        String key = "";
        for (String line : stanza.lines().filter(l -> !l.startsWith("#")).toList()) {
            int colon = line.indexOf(':');
            if (Character.isWhitespace(line.isEmpty() ? 'x' : line.charAt(0))) {
                fields.merge(key, " " + line.strip(), String::concat);
            } else if (colon > 0) {
                key = line.substring(0, colon).toLowerCase(Locale.ROOT);
                fields.put(key, line.substring(colon + 1).strip());
            }
        }
        return fields;
    }

    private record Source(String options, String uri, String suite, String components) {

        boolean isOf(String codename) {
            return suite.startsWith(codename) && POCKETS.contains(suite.substring(codename.length()));
        }

        String line() {
            String kept = Arrays.stream(options.split("\\s+"))
                    .filter(option -> option.startsWith("signed-by=") || option.startsWith("trusted="))
                    .collect(Collectors.joining(" "));
            return "deb " + (kept.isEmpty() ? "" : "[" + kept + "] ") + uri + " " + suite + " " + components;
        }
    }
}
