package dev.faas.store.sql;

import dev.faas.core.execution.PageCursor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// Collects conditions and the values they compare with. What callers give is always a bound value, never text of the statement.
final class SqlFilter {

    private final List<String> conditions = new ArrayList<>();
    private final Map<String, Object> values = new HashMap<>();

    void add(String condition, String name, Object value) {
        conditions.add(condition);
        values.put(name, value);
    }

    /// @param owner  the table whose rows have the labels
    /// @param labels the table of the labels, with the column `key` naming the owner's row
    void addLabel(String owner, String labels, String key, String label, String value) {
        int number = values.size();
        conditions.add("EXISTS (SELECT 1 FROM " + labels + " WHERE " + key + " = " + owner + ".id"
                + " AND name = :label" + number + " AND value = :value" + number + ")");
        values.put("label" + number, label);
        values.put("value" + number, value);
    }

    void addCursor(PageCursor cursor) {
        add("(created_at, id) < (:cursorTime, :cursorId)", "cursorTime", ExecutionRows.micros(cursor.createdAt()));
        values.put("cursorId", cursor.id());
    }

    String conditions() {
        return String.join(" AND ", conditions);
    }

    Map<String, Object> values() {
        return values;
    }
}
