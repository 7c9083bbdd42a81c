package dev.faas.cli;

import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;

/// Times and sizes as people write them.
final class Quantity {

    private static final Pattern SYNTAX = Pattern.compile("(\\d{1,9})([a-zA-Z]*)");
    private static final Map<String, Long> MILLISECONDS = Map.of("ms", 1L, "s", 1000L, "", 1000L, "m", 60_000L, "h", 3_600_000L);
    private static final Map<String, Long> MEBIBYTES =
            Map.of("m", 1L, "mb", 1L, "mib", 1L, "", 1L, "g", 1024L, "gb", 1024L, "gib", 1024L);

    private static final Map<String, Long> BYTES = Map.of(
            "b", 1L, "", 1L, "k", 1L << 10, "kb", 1L << 10, "kib", 1L << 10, "m", 1L << 20, "mb", 1L << 20, "mib", 1L << 20,
            "g", 1L << 30, "gb", 1L << 30);

    private Quantity() {}

    static long milliseconds(String option, String text) {
        return parse(option, text, MILLISECONDS, "500ms, 30s, 10m or 2h");
    }

    static int mebibytes(String option, String text) {
        return Math.toIntExact(parse(option, text, MEBIBYTES, "512m or 2g"));
    }

    static long bytes(String option, String text) {
        return parse(option, text, BYTES, "64k, 10m or 1g");
    }

    private static long parse(String option, String text, Map<String, Long> units, String examples) {
        var matcher = SYNTAX.matcher(text);
        var unit = matcher.matches() ? units.get(matcher.group(2).toLowerCase(Locale.ROOT)) : null;
        if (unit == null) {
            throw new CommandException(option + " " + text + ": write " + examples);
        }
        return Long.parseLong(matcher.group(1)) * unit;
    }
}
