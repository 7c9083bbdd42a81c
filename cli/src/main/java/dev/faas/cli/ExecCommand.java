package dev.faas.cli;

import dev.faas.api.ExecRequest;
import dev.faas.api.ExecuteRequest;
import dev.faas.sdk.FaasException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// Runs a command in an instance.
@Command(
        name = "exec",
        description = {
            "Runs a command in an instance of a running gateway, waking it if it is paused, and exits as the command does.",
            "125 means that the platform could not run it."
        },
        footer = {
            "",
            "Examples:",
            "  faas exec box -- python3 -c 'print(6*7)'",
            "  faas exec -e MODE=fast -w /srv -u nobody box -- ./serve.sh",
            "  cat list | faas exec box -- sort",
        })
final class ExecCommand implements Callable<Integer> {

    private final Terminal terminal;

    @Option(names = {"-e", "--env"}, paramLabel = "NAME[=VALUE]", description = "A variable; without a value, your own.")
    private List<String> env = new ArrayList<>();

    @Option(names = {"-w", "--workdir"}, paramLabel = "DIR", description = "Where it starts.")
    private @Nullable String workdir;

    @Option(names = {"-u", "--user"}, paramLabel = "USER[:GROUP]", description = "As whom, by name or number.")
    private @Nullable String user;

    @Option(names = {"-t", "--timeout"}, paramLabel = "TIME", description = "When it is killed: 500ms, 30s, 10m.")
    private @Nullable String timeout;

    @Option(names = "--json", description = "Prints the whole answer as JSON at the end, output included, instead of the output.")
    private boolean json;

    @Mixin
    private StdinOptions stdin = new StdinOptions();

    @Mixin
    private Connection connection = new Connection();

    @Parameters(index = "0", paramLabel = "INSTANCE", description = "Id or name.")
    private String instance = "";

    @Parameters(index = "1..*", paramLabel = "COMMAND", arity = "1..*", description = "Program and arguments; write -- before them.")
    private List<String> command = new ArrayList<>();

    ExecCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    @Override
    public Integer call() {
        var request = request();
        try (var session = connection.openRunning()) {
            var instances = session.client().instances();
            var result = json
                    ? instances.exec(instance, request)
                    : instances.stream(instance, request, new Echo(terminal));
            if (json) {
                OutputOptions.print(terminal.out(), result);
            }
            Echo.explain(terminal, result);
            return result.exitCode();
        } catch (FaasException e) {
            Failures.report(terminal, e);
            return ExitCode.NOT_RUN;
        }
    }

    private ExecRequest request() {
        var request = ExecuteRequest.of(command.toArray(String[]::new))
                .workingDir(workdir)
                .user(user)
                .timeoutMs(timeout == null ? null : Quantity.milliseconds("--timeout", timeout));
        env.forEach(variable -> RunOptions.addVariable(request::env, variable));
        var input = stdin.read(terminal);
        if (input.length > 0) {
            request.payload(input);
        }
        return ExecRequest.of(request.build());
    }
}
