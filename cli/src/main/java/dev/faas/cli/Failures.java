package dev.faas.cli;

import dev.faas.sdk.FaasException;

/// Turns what a verb throws into words and an exit code.
final class Failures {

    private Failures() {}

    static int report(Terminal terminal, Exception failure) {
        terminal.clearStatus();
        switch (failure) {
            case FaasException refusal -> terminal.complain(words(refusal));
            case CommandException expected -> terminal.complain(String.valueOf(expected.getMessage()));
            default -> {
                terminal.complain(failure.toString());
                if (System.getenv("FAAS_DEBUG") != null) {
                    failure.printStackTrace(terminal.err());
                }
            }
        }
        return ExitCode.FAILED;
    }

    private static String words(FaasException refusal) {
        return refusal.getMessage() + " (" + refusal.code() + ")";
    }
}
