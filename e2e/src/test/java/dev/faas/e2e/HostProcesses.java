package dev.faas.e2e;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/// Finds processes in sandboxes as the host sees them: by a word in their command lines.
final class HostProcesses {

    /// Fields of /proc/PID/stat behind the name in parentheses.
    private static final int USER_TIME = 11;
    private static final int SYSTEM_TIME = 12;

    private HostProcesses() {}

    static List<Path> with(String word) {
        try (Stream<Path> processes = Files.list(Path.of("/proc"))) {
            return processes
                    .filter(process -> process.getFileName().toString().matches("[0-9]+"))
                    .filter(process -> read(process.resolve("cmdline")).contains(word))
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static long cpuTicks(Path process) {
        var stat = read(process.resolve("stat"));
        if (stat.isEmpty()) {
            return 0;
        }
        var fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
        return Long.parseLong(fields[USER_TIME]) + Long.parseLong(fields[SYSTEM_TIME]);
    }

    /// Nothing for a process that has ended meanwhile.
    private static String read(Path file) {
        try {
            return Files.readString(file, StandardCharsets.ISO_8859_1);
        } catch (IOException ended) {
            return "";
        }
    }
}
