package dev.faas.testkit.service;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// What the starters do with the processes they started.
final class Processes {

    /// Characters of a log that a failure message carries.
    private static final int LOG_TAIL = 2000;

    private Processes() {}

    /// SIGKILL, then waits for the end.
    static void kill(Process process) {
        process.destroyForcibly();
        try {
            process.waitFor();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /// The same for what it started, too: a port that one of them listened on is free afterwards.
    static void killTree(Process process) {
        var descendants = process.descendants().toList();
        descendants.forEach(ProcessHandle::destroyForcibly);
        descendants.forEach(descendant -> descendant.onExit().join());
        kill(process);
    }

    /// Fails with the end of the log if the process has ended.
    static void requireAlive(Process process, Path log) throws IOException {
        if (!process.isAlive()) {
            var text = Files.readString(log);
            throw new IllegalStateException("the server ended with " + process.exitValue() + ": "
                    + text.substring(Math.max(0, text.length() - LOG_TAIL)));
        }
    }
}
