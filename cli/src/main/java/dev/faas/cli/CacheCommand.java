package dev.faas.cli;

import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// What is known for the mode `cached`.
@Command(
        name = "cache",
        description = "Results that are known for 'faas run --mode cached'.",
        synopsisSubcommandLabel = "stats|clear",
        footer = {
            "",
            "Examples:",
            "  faas cache stats --url http://127.0.0.1:8080",
            "  faas cache clear",
            "  faas cache clear --cache-key nightly",
        })
final class CacheCommand {

    private final Terminal terminal;

    CacheCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    @Command(name = "stats", description = "How much is kept, and how often it was of use since the gateway's start.")
    int stats(@Mixin Connection connection, @Mixin OutputOptions output) {
        try (var session = connection.open()) {
            var found = session.client().cacheStatistics();
            if (output.isJson()) {
                OutputOptions.print(terminal.out(), found);
                return ExitCode.OK;
            }
            var table = new Table("ENTRIES", "SIZE", "HITS", "MISSES", "JOINED", "EVICTIONS");
            table.row(
                    String.valueOf(found.entries()),
                    Amounts.bytes(found.sizeBytes()),
                    String.valueOf(found.hits()),
                    String.valueOf(found.misses()),
                    String.valueOf(found.joined()),
                    String.valueOf(found.evictions()));
            table.print(terminal.out());
            return ExitCode.OK;
        }
    }

    @Command(name = "clear", description = "Removes all results of yours, or those under a key.")
    int clear(
            @Mixin Connection connection,
            @Option(names = "--cache-key", paramLabel = "KEY", description = "only what was kept under this key")
                    @Nullable String key) {
        try (var session = connection.open()) {
            terminal.out().println(session.client().clearCache(key).removed() + " removed");
            return ExitCode.OK;
        }
    }
}
