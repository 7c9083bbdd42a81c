package dev.faas.cli;

import java.lang.reflect.InvocationTargetException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Unmatched;

/// Hands over to the benchmark, which is a program of its own.
@Command(
        name = "bench",
        description = "Measures the platform beside crun, runc, bwrap and docker on this machine. "
                + "'faas bench -- --help' shows what it takes.")
final class BenchCommand implements Callable<Integer> {

    private static final String BENCHMARK = "dev.faas.bench.Main";

    // Options of the benchmark look like unknown ones to this parser: it hands on what it doesn't know.
    @Unmatched
    private List<String> arguments = new ArrayList<>();

    BenchCommand(Terminal terminal) {}

    @Override
    public Integer call() throws ReflectiveOperationException {
        try {
            var main = Class.forName(BENCHMARK).getMethod("main", String[].class);
            main.invoke(null, (Object) arguments.toArray(String[]::new));
            return ExitCode.OK;
        } catch (ClassNotFoundException e) {
            throw new CommandException("this command line was installed without the benchmark; run it from the sources");
        } catch (InvocationTargetException e) {
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            throw e;
        }
    }
}
