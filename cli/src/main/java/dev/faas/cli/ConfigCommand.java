package dev.faas.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/// Shows the settings in effect.
@Command(
        name = "config",
        description = "Shows every setting with its value in effect and where that comes from; secrets are shown as stars.",
        footer = {
            "",
            "Examples:",
            "  faas config",
            "  faas config --set engine.max-running=50 --json",
        })
final class ConfigCommand implements Callable<Integer> {

    private final Terminal terminal;

    @Mixin
    private LocalOptions local = new LocalOptions();

    @Mixin
    private OutputOptions output = new OutputOptions();

    ConfigCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    @Override
    public Integer call() {
        var settings = LocalOptions.platform().settings(local.settings());
        if (output.isJson()) {
            OutputOptions.print(terminal.out(), settings);
            return ExitCode.OK;
        }
        var table = new Table("KEY", "VALUE", "FROM", "VARIABLE");
        settings.forEach(setting -> table.row(setting.key(), setting.value(), setting.source(), setting.variable()));
        table.print(terminal.out());
        return ExitCode.OK;
    }
}
