package dev.faas.testkit.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// What sandboxes could leave behind on a Linux host. Only what can be traced to the driver under test is looked at,
/// so that other work on the machine doesn't matter.
///
/// @param processes children of this process, and whatever is in the groups of the instances named
/// @param mounts    mount points below the run directory, in this process's namespace
/// @param cgroups   groups of the instances named, in any hierarchy
/// @param links     network links with the platform's name
/// @param files     what lies in the run directory
public record HostState(
        Set<String> processes, Set<String> mounts, Set<String> cgroups, Set<String> links, Set<String> files) {

    private static final String PREFIX = "faas";
    private static final Path CGROUPS = Path.of("/sys/fs/cgroup");

    /// @param directory the run directory of the driver under test
    /// @param instances names of the driver's instances, as its groups carry them
    public static HostState now(Path directory, Set<String> instances) {
        return new HostState(
                ownProcesses(instances), mountPoints(directory), ownGroups(instances), ownLinks(), files(directory));
    }

    /// Waits until nothing is there that wasn't before. What others had on the machine may have gone meanwhile.
    public void assertRestored(Path directory, Set<String> instances) {
        Eventually.holds(() -> {
            var now = now(directory, instances);
            assertThat(processes).containsAll(now.processes);
            assertThat(mounts).containsAll(now.mounts);
            assertThat(cgroups).containsAll(now.cgroups);
            assertThat(links).containsAll(now.links);
            assertThat(files).containsAll(now.files);
        });
    }

    private static Set<String> ownProcesses(Set<String> instances) {
        var found = new TreeSet<String>();
        ProcessHandle.current().descendants().forEach(process -> found.add(describe(process)));
        ProcessHandle.allProcesses()
                .filter(process -> isInGroupOf(process, instances))
                .forEach(process -> found.add(describe(process)));
        return found;
    }

    private static String describe(ProcessHandle process) {
        return process.pid() + " " + process.info().command().orElse("?");
    }

    private static boolean isInGroupOf(ProcessHandle process, Set<String> instances) {
        var groups = lines(Path.of("/proc", String.valueOf(process.pid()), "cgroup"));
        return instances.stream()
                .anyMatch(instance -> groups.stream().anyMatch(line -> line.contains("/" + PREFIX + "/" + instance)));
    }

    private static Set<String> mountPoints(Path directory) {
        return lines(Path.of("/proc/self/mounts")).stream()
                .map(line -> line.split(" ")[1])
                .filter(point -> point.startsWith(directory.toString()))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private static Set<String> ownLinks() {
        return names(Path.of("/sys/class/net")).stream()
                .filter(name -> name.startsWith(PREFIX))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private static Set<String> ownGroups(Set<String> instances) {
        var hierarchies = new ArrayList<>(List.of(CGROUPS));
        names(CGROUPS).forEach(name -> hierarchies.add(CGROUPS.resolve(name)));
        var found = new TreeSet<String>();
        for (var hierarchy : hierarchies) {
            instances.stream()
                    .map(instance -> hierarchy.resolve(PREFIX).resolve(instance))
                    .filter(Files::isDirectory)
                    .forEach(group -> found.add(group.toString()));
        }
        return found;
    }

    private static Set<String> files(Path directory) {
        return new TreeSet<>(names(directory));
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
            // A process that has ended meanwhile.
            return List.of();
        }
    }
}
