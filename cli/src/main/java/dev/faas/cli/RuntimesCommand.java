package dev.faas.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/// Lists what can isolate a command.
@Command(
        name = "runtimes",
        description = "Lists the isolation technologies of the gateway, best first, and why one can't be used.",
        footer = {"", "Examples:", "  faas runtimes", "  faas runtimes --url http://127.0.0.1:8080 --json"})
final class RuntimesCommand implements Callable<Integer> {

    private final Terminal terminal;

    @Mixin
    private Connection connection = new Connection();

    @Mixin
    private OutputOptions output = new OutputOptions();

    RuntimesCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    @Override
    public Integer call() {
        try (var session = connection.open()) {
            var runtimes = session.client().runtimes().runtimes();
            if (output.isJson()) {
                OutputOptions.print(terminal.out(), runtimes);
                return ExitCode.OK;
            }
            var table = new Table("RUNTIME", "ISOLATION", "USABLE", "CAPABILITIES OR REASON");
            runtimes.forEach(runtime -> table.row(
                    runtime.name(),
                    runtime.isolation(),
                    runtime.available() ? "yes" : "no",
                    runtime.available() ? String.join(" ", runtime.capabilities()) : runtime.reason()));
            table.print(terminal.out());
            return ExitCode.OK;
        }
    }
}
