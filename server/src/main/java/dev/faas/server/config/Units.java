package dev.faas.server.config;

import dev.faas.core.common.DataSize;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Durations and sizes as people write them: `250ms`, `30s`, `10m`, `512MiB`.
final class Units {

    private static final Pattern QUANTITY = Pattern.compile("(\\d{1,18})\\s*([a-zA-Z]*)");
    private static final Map<String, Long> MILLIS =
            Map.of("ms", 1L, "s", 1000L, "m", 60_000L, "h", 3_600_000L, "d", 86_400_000L);
    private static final Map<String, Long> BYTES = Map.of(
            "", 1L, "b", 1L, "kib", DataSize.KIB, "mib", DataSize.MIB, "gib", DataSize.GIB,
            "k", DataSize.KIB, "m", DataSize.MIB, "g", DataSize.GIB);

    private Units() {}

    static Duration parseDuration(String text) {
        return Duration.ofMillis(parse(text, MILLIS));
    }

    static DataSize parseSize(String text) {
        return DataSize.ofBytes(parse(text, BYTES));
    }

    private static long parse(String text, Map<String, Long> units) {
        Matcher matcher = QUANTITY.matcher(text);
        if (!matcher.matches()) {
            throw new IllegalArgumentException("not a quantity: " + text);
        }
        var unit = units.get(matcher.group(2).toLowerCase(Locale.ROOT));
        if (unit == null) {
            throw new IllegalArgumentException("not a unit: " + matcher.group(2));
        }
        return Math.multiplyExact(Long.parseLong(matcher.group(1)), unit);
    }

    /// In the largest unit that divides it, so that it reads as it was written.
    static String format(Duration duration) {
        long millis = duration.toMillis();
        if (millis == 0) {
            return "0s";
        }
        return MILLIS.entrySet().stream()
                .filter(unit -> millis % unit.getValue() == 0)
                .max(Map.Entry.comparingByValue())
                .map(unit -> millis / unit.getValue() + unit.getKey())
                .orElseThrow();
    }

    static String format(DataSize size) {
        return size.toString().replace(" ", "").replaceAll("(?<=\\d)B$", "");
    }
}
