package dev.faas.sdk;

import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Map;
import java.util.StringJoiner;
import org.jspecify.annotations.Nullable;

/// Which executions to list; `null` asks for no restriction.
///
/// @param labels every one must match
/// @param cursor of the page before
/// @param limit  executions of a page
public record ListFilter(
        @Nullable String state,
        @Nullable String image,
        Map<String, String> labels,
        @Nullable Instant createdAfter,
        @Nullable Instant createdBefore,
        @Nullable String cursor,
        int limit) {

    public static final ListFilter ALL = new ListFilter(null, null, Map.of(), null, null, null, 50);

    /// The same from the next page on.
    public ListFilter from(String nextCursor) {
        return new ListFilter(state, image, labels, createdAfter, createdBefore, nextCursor, limit);
    }

    String query() {
        var query = new StringJoiner("&", "?", "");
        add(query, "limit", Integer.toString(limit));
        add(query, "state", state);
        add(query, "image", image);
        add(query, "created_after", createdAfter);
        add(query, "created_before", createdBefore);
        add(query, "cursor", cursor);
        labels.forEach((name, value) -> add(query, "label", name + "=" + value));
        return query.toString();
    }

    private static void add(StringJoiner query, String name, @Nullable Object value) {
        if (value != null) {
            query.add(name + "=" + URLEncoder.encode(value.toString(), StandardCharsets.UTF_8));
        }
    }
}
