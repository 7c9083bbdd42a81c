package dev.faas.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/// API keys.
@Command(name = "key", description = "API keys of the gateway.", synopsisSubcommandLabel = "create")
final class KeyCommand {

    private final Terminal terminal;

    KeyCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    @Command(
            name = "create",
            description = {
                "Makes an API key and prints it, this one time: only its hash is kept, in the data directory.",
                "A running gateway reads it at its next start."
            },
            footer = {
                "",
                "Example:",
                "  export FAAS_API_KEY=$(faas key create laptop)",
                "  curl -H \"Authorization: Bearer $FAAS_API_KEY\" …",
            })
    int create(
            @Parameters(paramLabel = "NAME", description = "Whose it is; executions are kept apart by it.") String name,
            @Mixin LocalOptions local,
            @Mixin OutputOptions output) {
        var key = LocalOptions.platform().createKey(local.settings(), name);
        if (output.isJson()) {
            OutputOptions.print(terminal.out(), key);
        } else {
            terminal.note("kept the hash of " + key.name() + "'s key in " + key.storedIn());
            terminal.out().println(key.key());
        }
        return ExitCode.OK;
    }
}
