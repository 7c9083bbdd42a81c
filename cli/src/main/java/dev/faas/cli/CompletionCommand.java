package dev.faas.cli;

import java.util.concurrent.Callable;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/// Prints a completion script.
@Command(
        name = "completion",
        description = "Prints a script that makes bash and zsh complete verbs and options.",
        footer = {"", "Example:", "  source <(faas completion)"})
final class CompletionCommand implements Callable<Integer> {

    private final Terminal terminal;

    CompletionCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    @Override
    public Integer call() {
        var line = new CommandLine(new RootCommand());
        Verbs.addAll(line, terminal);
        terminal.out().print(AutoComplete.bash("faas", line));
        return ExitCode.OK;
    }
}
