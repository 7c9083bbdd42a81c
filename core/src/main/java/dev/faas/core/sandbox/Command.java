package dev.faas.core.sandbox;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// A process somebody wants in a sandbox.
///
/// @param argv        program and arguments; the program is looked up in PATH
/// @param env         added to the image's environment
/// @param workingDir  absolute; empty means the image's
/// @param user        `name`, `uid`, either with `:group`; empty means the image's
/// @param timeout     after it the process and all its descendants are killed; zero means none
/// @param outputLimit bytes kept of each of stdout and stderr; what goes beyond is counted and dropped
/// @param stdin       whether [SandboxProcess#stdin] will be used; otherwise the process reads end of file
/// @param terminal    its size, if the process gets a pseudo terminal
public record Command(
        List<String> argv,
        Map<String, String> env,
        String workingDir,
        String user,
        Duration timeout,
        long outputLimit,
        boolean stdin,
        Optional<TerminalSize> terminal) {

    /// Bytes kept of each stream unless the request says otherwise.
    public static final long DEFAULT_OUTPUT_LIMIT = 10L * 1024 * 1024;

    public Command {
        argv = List.copyOf(argv);
        env = Map.copyOf(env);
        if (argv.isEmpty()) {
            throw new IllegalArgumentException("a command needs a program");
        }
    }

    /// A command with the image's defaults, no stdin and no time limit.
    public static Command of(String... argv) {
        return new Command(
                List.of(argv), Map.of(), "", "", Duration.ZERO, DEFAULT_OUTPUT_LIMIT, false, Optional.empty());
    }

    /// `sh -c script`, otherwise as [#of].
    public static Command shell(String script) {
        return of("/bin/sh", "-c", script);
    }

    public Command withEnv(Map<String, String> newEnv) {
        return new Command(argv, newEnv, workingDir, user, timeout, outputLimit, stdin, terminal);
    }

    public Command withWorkingDir(String newWorkingDir) {
        return new Command(argv, env, newWorkingDir, user, timeout, outputLimit, stdin, terminal);
    }

    public Command withUser(String newUser) {
        return new Command(argv, env, workingDir, newUser, timeout, outputLimit, stdin, terminal);
    }

    public Command withTimeout(Duration newTimeout) {
        return new Command(argv, env, workingDir, user, newTimeout, outputLimit, stdin, terminal);
    }

    public Command withOutputLimit(long newOutputLimit) {
        return new Command(argv, env, workingDir, user, timeout, newOutputLimit, stdin, terminal);
    }

    public Command withStdin() {
        return new Command(argv, env, workingDir, user, timeout, outputLimit, true, terminal);
    }

    public Command withTerminal(TerminalSize size) {
        return new Command(argv, env, workingDir, user, timeout, outputLimit, stdin, Optional.of(size));
    }

    public record TerminalSize(int rows, int columns) {}
}
