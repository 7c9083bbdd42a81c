package dev.faas.bench;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import tools.jackson.databind.json.JsonMapper;

/// What was measured, as tables for people (terminal, Markdown) and as JSON. Confined to one thread.
final class Report {

    private final List<Table> tables = new ArrayList<>();
    private final List<Goal> goals = new ArrayList<>();
    private final Map<String, String> host;

    Report(Map<String, String> host) {
        this.host = host;
    }

    Table table(String title, String note, String... columns) {
        var table = new Table(title, note, List.of(columns), new ArrayList<>());
        tables.add(table);
        return table;
    }

    /// @param row     number in the list of goals
    /// @param goal    what is aimed at, in words
    /// @param reached the figure found
    void goal(String row, String goal, String reached, boolean met) {
        goals.add(new Goal(row, goal, reached, met));
    }

    String markdown() {
        var out = new StringBuilder("# Benchmark results\n\nWritten by `./faas bench`; do not edit.\n\n");
        host.forEach((key, value) -> out.append("- ").append(key).append(": ").append(value).append('\n'));
        var verdicts = new Table("Goals", "Ratios are of medians taken in this one run.",
                List.of("row", "goal", "measured", "reached"), new ArrayList<>());
        goals.forEach(goal -> verdicts.add(goal.row(), goal.goal(), goal.reached(), goal.met() ? "yes" : "**no**"));
        verdicts.appendTo(out);
        tables.forEach(table -> table.appendTo(out));
        return out.toString();
    }

    String json() {
        var root = new LinkedHashMap<String, Object>();
        root.put("host", host);
        root.put("goals", goals);
        root.put("tables", tables);
        return JsonMapper.builder().build().writerWithDefaultPrettyPrinter().writeValueAsString(root);
    }

    static String number(double value) {
        if (Double.isNaN(value)) {
            return "–";
        }
        return String.format(Locale.ROOT, value >= 100 ? "%.0f" : value >= 10 ? "%.1f" : "%.2f", value);
    }

    record Goal(String row, String goal, String reached, boolean met) {}

    record Table(String title, String note, List<String> columns, List<List<String>> rows) {

        void add(String... cells) {
            rows.add(List.of(cells));
        }

        void addSamples(Contender contender, Samples samples) {
            rows.add(List.of(
                    contender.name(), contender.temperature(), number(samples.p50()), number(samples.p99()),
                    number(samples.max()), String.valueOf(samples.size()),
                    samples.errors() == 0 ? "0" : samples.errors() + " (" + samples.firstError() + ")",
                    contender.isolation()));
        }

        /// Columns of a table of samples; see [#addSamples].
        static final String[] SAMPLE_COLUMNS = {"what", "level", "p50 ms", "p99 ms", "max ms", "runs", "errors", "isolation"};

        void appendTo(StringBuilder out) {
            out.append("\n## ").append(title).append("\n\n");
            if (!note.isEmpty()) {
                out.append(note).append("\n\n");
            }
            appendRow(out, columns);
            out.append("|").repeat("---|", columns.size()).append('\n');
            rows.forEach(row -> appendRow(out, row));
        }

        private static void appendRow(StringBuilder out, List<String> cells) {
            out.append("| ").append(String.join(" | ", cells)).append(" |\n");
        }
    }
}
