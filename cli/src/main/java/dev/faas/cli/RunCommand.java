package dev.faas.cli;

import dev.faas.api.ExecuteResponse;
import dev.faas.sdk.FaasException;
import java.io.IOException;
import java.nio.file.Files;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// Runs a command in a fresh sandbox.
@Command(
        name = "run",
        description = {
            "Runs a command in a fresh sandbox that is gone afterwards, and exits as the command does.",
            "125 means that the platform could not run it."
        },
        footer = {
            "",
            "Examples:",
            "  faas run -- echo hello",
            "  faas run --image faas/python -- python3 -c 'print(6*7)'",
            "  faas run -m 64m --cpus 0.5 -t 10s -- sh -c 'make && make test'",
            "  faas run -e TOKEN -e MODE=fast --file in.csv:/in.csv --output /out.csv -- ./convert",
            "  cat list | faas run -- sort",
            "  faas run --allow 203.0.113.0/24:443 -- curl -s https://203.0.113.7/",
            "  faas run --mode cached --cache-ttl 1h -- ./slow-but-always-the-same",
            "  faas run --json -- id | jq .phases",
        })
final class RunCommand implements Callable<Integer> {

    private final Terminal terminal;

    @Mixin
    private RunOptions options = new RunOptions();

    @Mixin
    private Connection connection = new Connection();

    @Option(names = "--json", description = "Prints the whole answer as JSON at the end, output included, instead of the output.")
    private boolean json;

    RunCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    @Override
    public Integer call() {
        var request = options.request(terminal);
        try (var session = connection.open()) {
            prepareImage(session);
            var result = json
                    ? session.client().execute(request)
                    : session.client().stream(request, new Echo(terminal));
            if (json) {
                OutputOptions.print(terminal.out(), result);
            }
            return finish(result);
        } catch (FaasException e) {
            Failures.report(terminal, e);
            return ExitCode.NOT_RUN;
        }
    }

    /// Making an image may take minutes, so a person is told how far it is.
    private void prepareImage(Connection.Session session) {
        var gateway = session.gateway();
        if (gateway != null && options.needsImage()) {
            try (var progress = new ProgressLine(terminal)) {
                gateway.prepareImage(options.image(), progress);
            }
        }
    }

    private int finish(ExecuteResponse result) {
        Echo.explain(terminal, result);
        return saveFiles(result) || result.exitCode() != 0 ? result.exitCode() : ExitCode.FAILED;
    }

    private boolean saveFiles(ExecuteResponse result) {
        boolean areAllSaved = true;
        for (var wanted : options.wantedFiles()) {
            areAllSaved &= result.files().stream()
                    .filter(file -> file.path().equals(wanted.path()))
                    .findFirst()
                    .map(file -> save(file, wanted))
                    .orElse(false);
        }
        return areAllSaved;
    }

    private boolean save(ExecuteResponse.OutputFile file, RunOptions.WantedFile wanted) {
        if (file.error() != null || file.truncated()) {
            terminal.complain(file.path() + ": " + (file.error() != null ? file.error() : "larger than the limit; not saved"));
            return false;
        }
        try {
            Files.write(wanted.local(), file.bytes());
            return true;
        } catch (IOException e) {
            terminal.complain(wanted.local() + " can't be written: " + e.getMessage());
            return false;
        }
    }
}
