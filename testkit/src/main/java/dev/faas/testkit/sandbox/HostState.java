package dev.faas.testkit.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// What sandboxes could leave behind on a Linux host. Only what carries the platform's name or comes from this process is looked at, so that
/// other work on the machine doesn't matter.
///
/// @param processes our programs, by pid and name
/// @param mounts    mount points with the platform's name, in the host's namespace
/// @param cgroups   groups with the platform's name, in any hierarchy
/// @param links     network links with the platform's name
/// @param files     what lies in the directories watched
public record HostState(Set<String> processes, Set<String> mounts, Set<String> cgroups, Set<String> links, Set<String> files) {

    private static final String PREFIX = "faas";

    /// @param directories run directories of the driver under test
    public static HostState now(Path... directories) {
        return new HostState(
                descendants(), mountPoints(), ownGroups(), ownLinks(), files(directories));
    }

    /// Waits until everything is as it was.
    public void assertRestored(Path... directories) {
        Eventually.holds(() -> assertThat(now(directories)).isEqualTo(this));
    }

    private static Set<String> descendants() {
        return ProcessHandle.current()
                .descendants()
                .map(process -> process.pid() + " " + process.info().command().orElse("?"))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private static Set<String> mountPoints() {
        return lines(Path.of("/proc/self/mounts")).stream()
                .map(line -> line.split(" ")[1])
                .filter(point -> point.contains(PREFIX))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private static Set<String> ownLinks() {
        return names(Path.of("/sys/class/net")).stream()
                .filter(name -> name.startsWith(PREFIX) || name.startsWith("fv"))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private static Set<String> ownGroups() {
        var found = new TreeSet<String>();
        var root = Path.of("/sys/fs/cgroup");
        var tops = new ArrayList<>(List.of(root));
        names(root).forEach(name -> tops.add(root.resolve(name)));
        for (var top : tops) {
            names(top).stream()
                    .filter(name -> name.startsWith(PREFIX) && Files.isDirectory(top.resolve(name)))
                    .forEach(name -> found.addAll(below(top.resolve(name))));
        }
        return found;
    }

    private static Set<String> below(Path directory) {
        try (Stream<Path> paths = Files.walk(directory, 4)) {
            return paths.filter(Files::isDirectory).map(Path::toString).collect(Collectors.toCollection(TreeSet::new));
        } catch (IOException | UncheckedIOException e) {
            // It went away while we looked.
            return Set.of();
        }
    }

    private static Set<String> files(Path... directories) {
        var found = new TreeSet<String>();
        for (var directory : directories) {
            if (Files.isDirectory(directory)) {
                names(directory).forEach(name -> found.add(directory.resolve(name).toString()));
            }
        }
        return found;
    }

    private static List<String> names(Path directory) {
        try (Stream<Path> paths = Files.list(directory)) {
            return paths.map(path -> path.getFileName().toString()).toList();
        } catch (IOException e) {
            return List.of();
        }
    }

    private static List<String> lines(Path file) {
        try {
            return Files.readAllLines(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
