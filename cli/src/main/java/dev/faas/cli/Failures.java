package dev.faas.cli;

/// Turns what a verb throws into words and an exit code.
final class Failures {

    private Failures() {}

    static int report(Terminal terminal, Exception failure) {
        terminal.clearStatus();
        switch (failure) {
            case CommandException expected -> terminal.complain(expected.getMessage());
            default -> {
                terminal.complain(failure.toString());
                if (System.getenv("FAAS_DEBUG") != null) {
                    failure.printStackTrace(terminal.err());
                }
            }
        }
        return ExitCode.FAILED;
    }
}
