package dev.faas.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// Removes what the platform made.
@Command(
        name = "clean",
        description = {
            "Removes what the platform left on this machine: sandboxes, mounts, namespaces, cgroups, network links and",
            "rules, containers, run directories. What a living gateway holds is left alone unless forced."
        },
        footer = {
            "",
            "Examples:",
            "  faas clean               what instances that are gone left behind",
            "  faas clean --force       also what living instances hold; their executions are lost",
            "  faas clean --all         also images and records: as if it had never run here",
        })
final class CleanCommand implements Callable<Integer> {

    private final Terminal terminal;

    @Mixin
    private LocalOptions local = new LocalOptions();

    @Mixin
    private OutputOptions output = new OutputOptions();

    @Option(names = "--force", description = "Also end instances that are alive.")
    private boolean force;

    @Option(names = "--all", description = "Also delete images and records; implies --force.")
    private boolean all;

    CleanCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    @Override
    public Integer call() {
        var removed = LocalOptions.platform().clean(local.settings(), force || all, all);
        if (output.isJson()) {
            OutputOptions.print(terminal.out(), removed);
        } else if (removed.isEmpty()) {
            terminal.out().println("nothing to remove");
        } else {
            removed.forEach(line -> terminal.out().println("removed " + line));
        }
        return ExitCode.OK;
    }
}
