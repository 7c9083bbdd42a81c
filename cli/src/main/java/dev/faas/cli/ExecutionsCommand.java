package dev.faas.cli;

import dev.faas.api.Execution;
import dev.faas.sdk.ListFilter;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// Records of executions.
@Command(
        name = "executions",
        description = "What is remembered of executions.",
        synopsisSubcommandLabel = "ls|show|cancel",
        footer = {
            "",
            "Examples:",
            "  faas executions ls --state failed",
            "  faas executions show exe_01k2…",
            "  faas executions cancel exe_01k2… --url http://127.0.0.1:8080",
        })
final class ExecutionsCommand {

    private static final int MAX_SHOWN_COMMAND = 60;

    private final Terminal terminal;

    ExecutionsCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    @Command(name = "ls", description = "Lists executions, newest first.")
    int list(
            @Mixin Connection connection,
            @Mixin OutputOptions output,
            @Option(names = "--state", description = "queued, running, completed, timed_out, cancelled or failed")
                    @Nullable String state,
            @Option(names = "--image", description = "only those of this image") @Nullable String image,
            @Option(names = "--label", paramLabel = "NAME=VALUE", description = "only those with this label")
                    @Nullable Map<String, String> labels,
            @Option(names = "--limit", description = "how many at most", defaultValue = "50") int limit) {
        var filter = new ListFilter(state, image, labels == null ? Map.of() : labels, null, null, null, limit);
        try (var session = connection.open()) {
            var page = session.client().list(filter);
            if (output.isJson()) {
                OutputOptions.print(terminal.out(), page);
                return ExitCode.OK;
            }
            var table = new Table("ID", "STATE", "EXIT", "CACHE", "CREATED", "IMAGE", "COMMAND");
            page.executions().forEach(execution -> table.row(
                    execution.requestId(),
                    execution.state(),
                    exitCode(execution),
                    cache(execution),
                    execution.createdAt(),
                    execution.image(),
                    command(execution)));
            table.print(terminal.out());
            return ExitCode.OK;
        }
    }

    @Command(name = "show", description = "Shows one execution with its output, as JSON.")
    int show(@Parameters(paramLabel = "ID", description = "exe_…") String id, @Mixin Connection connection) {
        try (var session = connection.open()) {
            OutputOptions.print(terminal.out(), session.client().get(id));
            return ExitCode.OK;
        }
    }

    @Command(name = "cancel", description = "Ends a running execution of a gateway.")
    int cancel(@Parameters(paramLabel = "ID", description = "exe_…") String id, @Mixin Connection connection) {
        try (var session = connection.open()) {
            terminal.out().println(session.client().cancel(id).state());
            return ExitCode.OK;
        }
    }

    private static String exitCode(Execution execution) {
        return execution.result() == null ? "" : String.valueOf(execution.result().exitCode());
    }

    private static String cache(Execution execution) {
        var result = execution.result();
        return result == null || result.cache() == null ? "" : result.cache();
    }

    private static String command(Execution execution) {
        var line = String.join(" ", execution.command());
        return line.length() <= MAX_SHOWN_COMMAND ? line : line.substring(0, MAX_SHOWN_COMMAND - 1) + "…";
    }
}
