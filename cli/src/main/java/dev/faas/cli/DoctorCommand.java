package dev.faas.cli;

import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/// Says what this machine can do.
@Command(
        name = "doctor",
        description = {
            "Says what this machine can do: each line is ok, degraded or missing, with what to do about it.",
            "Fails only if nothing can run here."
        },
        footer = {"", "Examples:", "  faas doctor", "  faas doctor --json | jq '.[] | select(.level != \"ok\")'"})
final class DoctorCommand implements Callable<Integer> {

    private final Terminal terminal;

    @Mixin
    private LocalOptions local = new LocalOptions();

    @Mixin
    private OutputOptions output = new OutputOptions();

    DoctorCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    @Override
    public Integer call() {
        var diagnosis = LocalOptions.platform().doctor(local.settings());
        if (output.isJson()) {
            OutputOptions.print(terminal.out(), diagnosis.findings());
        } else {
            print(diagnosis.findings());
        }
        return diagnosis.canRun() ? ExitCode.OK : ExitCode.FAILED;
    }

    private void print(List<LocalPlatform.Finding> findings) {
        var area = "";
        for (var finding : findings) {
            if (!finding.area().equals(area)) {
                area = finding.area();
                terminal.out().println((area.equals(findings.getFirst().area()) ? "" : "\n") + area);
            }
            terminal.out().printf("  %s  %-24s %s%n", mark(finding.level()), finding.subject(), finding.detail());
            if (!finding.fix().isEmpty()) {
                terminal.out().printf("            %-24s -> %s%n", "", finding.fix());
            }
        }
    }

    private String mark(String level) {
        var padded = "%-8s".formatted(level);
        if (!terminal.isOutInteractive()) {
            return padded;
        }
        var color =
                switch (level) {
                    case "ok" -> 32;
                    case "degraded" -> 33;
                    default -> 31;
                };
        return "\u001b[" + color + "m" + padded + "\u001b[0m";
    }
}
