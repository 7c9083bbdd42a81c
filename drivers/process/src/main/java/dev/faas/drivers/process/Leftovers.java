package dev.faas.drivers.process;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/// Processes that outlive their agent: found by the variable that every process of a sandbox inherits. One that
/// clears its environment isn't found; without isolation nothing can hold it.
final class Leftovers {

    /// Carries the sandbox's id into every process of it.
    static final String VARIABLE = "FAAS_SANDBOX_ID";

    /// Rounds, because a process may fork while the table is read.
    private static final int ROUNDS = 20;

    private final byte[] mark;

    Leftovers(String id) {
        mark = (VARIABLE + "=" + id + "\0").getBytes(StandardCharsets.UTF_8);
    }

    void kill() {
        for (int round = 0; round < ROUNDS; round++) {
            var found = find();
            if (found.isEmpty()) {
                return;
            }
            found.forEach(ProcessHandle::destroyForcibly);
        }
    }

    private List<ProcessHandle> find() {
        return ProcessHandle.allProcesses().filter(this::isMarked).toList();
    }

    private boolean isMarked(ProcessHandle process) {
        try {
            var environment = Files.readAllBytes(Path.of("/proc", String.valueOf(process.pid()), "environ"));
            for (int at = 0; at <= environment.length - mark.length; at = after(environment, at)) {
                if (Arrays.equals(environment, at, at + mark.length, mark, 0, mark.length)) {
                    return true;
                }
            }
            return false;
        } catch (IOException e) {
            // It has ended, or it isn't ours to look at, or the platform has no /proc.
            return false;
        }
    }

    private static int after(byte[] environment, int start) {
        int at = start;
        while (at < environment.length && environment[at] != 0) {
            at++;
        }
        return at + 1;
    }
}
