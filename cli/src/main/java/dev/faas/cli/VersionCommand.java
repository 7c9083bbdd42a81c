package dev.faas.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/// Says which version this is.
@Command(name = "version", description = "Says which version this is, and of what Java.")
final class VersionCommand implements Callable<Integer> {

    private final Terminal terminal;

    VersionCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    @Override
    public Integer call() {
        var version = Main.class.getPackage().getImplementationVersion();
        terminal.out().printf("faas %s, Java %s%n", version == null ? "(not packaged)" : version, Runtime.version());
        return ExitCode.OK;
    }
}
