package dev.faas.sdk;

import java.util.Map;
import java.util.StringJoiner;
import org.jspecify.annotations.Nullable;

/// Which instances to list; `null` asks for no restriction.
///
/// @param labels every one must match
/// @param cursor of the page before
/// @param limit  instances of a page
public record InstanceFilter(
        @Nullable String state,
        @Nullable String name,
        Map<String, String> labels,
        @Nullable String cursor,
        int limit) {

    public static final InstanceFilter ALL = new InstanceFilter(null, null, Map.of(), null, 50);

    /// The same from the next page on.
    public InstanceFilter from(String nextCursor) {
        return new InstanceFilter(state, name, labels, nextCursor, limit);
    }

    String query() {
        var query = new StringJoiner("&", "?", "");
        add(query, "limit", Integer.toString(limit));
        add(query, "state", state);
        add(query, "name", name);
        add(query, "cursor", cursor);
        labels.forEach((label, value) -> add(query, "label", label + "=" + value));
        return query.toString();
    }

    private static void add(StringJoiner query, String parameter, @Nullable String value) {
        if (value != null) {
            query.add(parameter + "=" + Wire.encode(value));
        }
    }
}
