package dev.faas.testkit.service;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.awaitility.Awaitility;

/// Control groups of one name in every hierarchy that is mounted (one on v2, one per controller on v1).
final class ControlGroups {

    private static final Path ROOT = Path.of("/sys/fs/cgroup");

    /// A group can be removed once its last process is reaped; the kernel needs a moment for that.
    private static final Duration REMOVAL_LIMIT = Duration.ofSeconds(10);

    private ControlGroups() {}

    /// Removes the groups and those below them, whose processes must have ended.
    static void remove(String name) {
        Awaitility.await("removal of the control groups " + name)
                .atMost(REMOVAL_LIMIT)
                .pollInterval(Duration.ofMillis(20))
                .until(() -> find(name).stream().allMatch(ControlGroups::removeTree));
    }

    private static List<Path> find(String name) throws IOException {
        if (!Files.isDirectory(ROOT)) {
            return List.of();
        }
        try (var hierarchies = Files.list(ROOT)) {
            var below = hierarchies.map(hierarchy -> hierarchy.resolve(name));
            return Stream.concat(Stream.of(ROOT.resolve(name)), below)
                    .filter(Files::isDirectory)
                    .toList();
        }
    }

    private static boolean removeTree(Path group) {
        try (var groups = Files.walk(group)) {
            // Children before parents. The files in a group are the kernel's: rmdir takes them along.
            groups.filter(Files::isDirectory)
                    .sorted(Comparator.comparing(Path::getNameCount).reversed())
                    .forEach(directory -> {
                        try {
                            Files.deleteIfExists(directory);
                        } catch (IOException e) {
                            throw new UncheckedIOException(e);
                        }
                    });
            return true;
        } catch (IOException | UncheckedIOException e) {
            return false;
        }
    }
}
