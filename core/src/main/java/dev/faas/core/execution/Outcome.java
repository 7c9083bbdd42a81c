package dev.faas.core.execution;

import dev.faas.core.common.DataSize;
import java.time.Duration;

/// How an execution ended. Data, whatever it is: only the platform's own failures are exceptions.
public sealed interface Outcome {

    /// The exit code as a shell reports it: the program's own, 128 + signal for a signal, 137 for anything that was killed.
    int exitCode();

    record Exited(int code) implements Outcome {
        @Override
        public int exitCode() {
            return code;
        }
    }

    record Signaled(int signal) implements Outcome {
        @Override
        public int exitCode() {
            return 128 + signal;
        }
    }

    /// The time limit was reached; everything in the sandbox was killed and the output so far kept.
    record TimedOut(Duration limit) implements Outcome {
        @Override
        public int exitCode() {
            return KILLED;
        }
    }

    /// The kernel killed the command because the memory limit was reached.
    record OutOfMemory(DataSize limit) implements Outcome {
        @Override
        public int exitCode() {
            return KILLED;
        }
    }

    /// Somebody asked for the end.
    record Cancelled(String by) implements Outcome {
        @Override
        public int exitCode() {
            return KILLED;
        }
    }

    /// The sandbox or the platform was lost after the command had started: side effects may have happened, so nothing retries it.
    record Lost(String reason) implements Outcome {
        @Override
        public int exitCode() {
            return KILLED;
        }
    }

    /// 128 + SIGKILL.
    int KILLED = 137;
}
