package dev.faas.cli;

/// Exit codes of the command line itself. `run` answers with its command's code instead, whatever that is.
final class ExitCode {

    static final int OK = 0;
    /// The platform could not do it.
    static final int FAILED = 1;
    /// The command line was not understood.
    static final int USAGE = 2;
    /// `run`: the platform failed before the command could start. Beyond what shells and programs use for themselves.
    static final int NOT_RUN = 125;

    private ExitCode() {}
}
