package dev.faas.gateway.wire;

import java.util.Collection;
import java.util.Locale;
import java.util.Optional;

/// Finds what somebody probably meant.
final class Suggestion {

    private static final int MAX_DISTANCE = 3;
    private static final int MAX_LENGTH = 64;

    private Suggestion() {}

    /// The known name nearest to an unknown one, if one is near. `timeoutMs` and `Timeout-MS` are at no distance of
    /// `timeout_ms`.
    static Optional<String> nearest(String unknown, Collection<String> known) {
        if (unknown.length() > MAX_LENGTH) {
            return Optional.empty();
        }
        var wanted = normalise(unknown);
        String best = null;
        int bestDistance = Math.min(MAX_DISTANCE, Math.max(1, wanted.length() / 2)) + 1;
        for (var name : known) {
            int distance = distance(wanted, normalise(name));
            if (distance < bestDistance) {
                best = name;
                bestDistance = distance;
            }
        }
        return Optional.ofNullable(best);
    }

    private static String normalise(String name) {
        return name.replace("_", "").replace("-", "").toLowerCase(Locale.ROOT);
    }

    /// Levenshtein's, in one row.
    private static int distance(String left, String right) {
        var row = new int[right.length() + 1];
        for (int i = 0; i < row.length; i++) {
            row[i] = i;
        }
        for (int i = 1; i <= left.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= right.length(); j++) {
                int substituted = diagonal + (left.charAt(i - 1) == right.charAt(j - 1) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.min(substituted, Math.min(row[j], row[j - 1]) + 1);
            }
        }
        return row[right.length()];
    }
}
