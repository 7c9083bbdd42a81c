package dev.faas.core.sandbox;

import java.time.Duration;

/// How a process ended, as the agent saw it.
///
/// @param signaled         whether a signal ended it
/// @param code             exit code, or the signal's number
/// @param timedOut         whether its time limit ended it
/// @param stdoutTruncated  whether stdout went beyond the limit; `stdoutBytes` counts all of it
/// @param maxResidentBytes the largest resident set of the process or any child it waited for
public record ProcessExit(
        boolean signaled,
        int code,
        boolean timedOut,
        boolean stdoutTruncated,
        boolean stderrTruncated,
        boolean coreDumped,
        Duration wallTime,
        Duration userTime,
        Duration systemTime,
        long maxResidentBytes,
        long stdoutBytes,
        long stderrBytes) {

    /// The exit code as a shell reports it: 128 + signal for a signal.
    public int shellCode() {
        return signaled ? 128 + code : code;
    }
}
