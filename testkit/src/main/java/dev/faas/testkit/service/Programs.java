package dev.faas.testkit.service;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/// The programs of the operating system that the starters call. A missing one fails the test loudly: `./faas test`
/// installs everything listed in `testkit/packages.txt`.
final class Programs {

    /// Also searched, because an ordinary user's PATH often lacks them.
    private static final List<String> SYSTEM_DIRECTORIES = List.of("/usr/sbin", "/sbin", "/usr/bin", "/bin");

    private Programs() {}

    /// The absolute path of a program.
    static String require(String name, String debianPackage) {
        var directories = Stream.concat(
                Arrays.stream(System.getenv().getOrDefault("PATH", "").split(":")), SYSTEM_DIRECTORIES.stream());
        return directories
                .filter(directory -> !directory.isEmpty())
                .map(directory -> Path.of(directory, name))
                .filter(Files::isExecutable)
                .findFirst()
                .orElseThrow(() -> new IllegalStateException("'" + name + "' is not installed (Debian package "
                        + debianPackage + "): run the tests with ./faas test, which installs what they need"))
                .toString();
    }

    /// Runs a program to its end.
    ///
    /// @return what it printed, without trailing blanks
    /// @throws IllegalStateException if it fails or takes longer than the limit; the message carries its output
    static String run(Duration limit, List<String> command) {
        try {
            var output = Files.createTempFile("faas-program", ".log");
            try {
                var process = new ProcessBuilder(command)
                        .redirectErrorStream(true)
                        .redirectOutput(output.toFile())
                        .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
                        .start();
                boolean ended = process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS);
                if (!ended) {
                    process.destroyForcibly().waitFor();
                }
                var text = Files.readString(output, StandardCharsets.UTF_8).stripTrailing();
                if (!ended || process.exitValue() != 0) {
                    var how = ended ? "ended with " + process.exitValue() : "took longer than " + limit;
                    throw new IllegalStateException("'" + String.join(" ", command) + "' " + how + ": " + text);
                }
                return text;
            } finally {
                Files.deleteIfExists(output);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("can't run " + command.getFirst(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while running " + command.getFirst(), e);
        }
    }
}
