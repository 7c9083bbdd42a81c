package dev.faas.cli;

import java.io.PrintWriter;
import java.util.Arrays;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;

/// The command line's entry.
public final class Main {

    private Main() {}

    public static void main(String[] args) {
        System.exit(execute(Terminal.standard(), args));
    }

    /// Runs one command and returns its exit code.
    static int execute(Terminal terminal, String... args) {
        var words = withHelpAsOption(args);
        return commandLine(terminal, words).execute(words);
    }

    /// `faas` and `faas help run` mean `faas --help` and `faas run --help`.
    private static String[] withHelpAsOption(String... args) {
        if (args.length > 0 && !args[0].equals("help")) {
            return args;
        }
        return Stream.concat(Arrays.stream(args).skip(1), Stream.of("--help")).toArray(String[]::new);
    }

    private static CommandLine commandLine(Terminal terminal, String... args) {
        var line = new CommandLine(new RootCommand());
        Verbs.add(line, terminal, args);
        line.setOut(new PrintWriter(terminal.out(), true));
        line.setErr(new PrintWriter(terminal.err(), true));
        line.setUsageHelpAutoWidth(false);
        line.setUsageHelpWidth(Math.clamp(terminal.columns(), 80, 120));
        line.setColorScheme(CommandLine.Help.defaultColorScheme(
                terminal.isErrInteractive() ? CommandLine.Help.Ansi.ON : CommandLine.Help.Ansi.OFF));
        line.setCaseInsensitiveEnumValuesAllowed(true);
        line.setParameterExceptionHandler((exception, rest) -> refuse(terminal, exception));
        line.setExecutionExceptionHandler((exception, command, result) -> Failures.report(terminal, exception));
        return line;
    }

    private static int refuse(Terminal terminal, ParameterException exception) {
        terminal.complain(String.valueOf(exception.getMessage()));
        var command = exception.getCommandLine();
        CommandLine.UnmatchedArgumentException.printSuggestions(exception, command.getErr());
        terminal.err().println("'" + command.getCommandSpec().qualifiedName() + " --help' shows what it takes");
        return ExitCode.USAGE;
    }
}
