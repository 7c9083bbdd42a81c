package dev.faas.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/// How many of the things a sandbox is made of exist on this host: what a leak would show up in.
record HostCounts(long processes, long mounts, long cgroups, long links, long runFiles) {

    static HostCounts take(Path dataDir) throws IOException {
        return new HostCounts(
                count(Path.of("/proc"), path -> path.getFileName().toString().chars().allMatch(Character::isDigit)),
                Files.readAllLines(Path.of("/proc/self/mountinfo")).size(),
                ourCgroups(),
                count(Path.of("/sys/class/net"), path -> true),
                tree(dataDir.resolve("run")));
    }

    private static long ourCgroups() throws IOException {
        long sum = 0;
        try (var controllers = Files.list(Path.of("/sys/fs/cgroup"))) {
            for (var controller : controllers.filter(Files::isDirectory).toList()) {
                sum += tree(controller.resolve("faas"));
            }
        }
        return sum;
    }

    private static long tree(Path root) throws IOException {
        if (!Files.isDirectory(root)) {
            return 0;
        }
        try (Stream<Path> all = Files.walk(root)) {
            return all.filter(Files::isDirectory).count();
        }
    }

    private static long count(Path dir, java.util.function.Predicate<Path> which) throws IOException {
        try (var entries = Files.list(dir)) {
            return entries.filter(which).count();
        }
    }

    /// What there is more of than before, in words; empty when nothing grew. Processes of others may come and go, so a
    /// few are allowed.
    List<String> growthSince(HostCounts before) {
        return Stream.of(
                        grown("processes", processes - before.processes, 8),
                        grown("mounts", mounts - before.mounts, 0),
                        grown("cgroup directories", cgroups - before.cgroups, 0),
                        grown("network links", links - before.links, 0),
                        grown("run directories", runFiles - before.runFiles, 0))
                .filter(line -> !line.isEmpty())
                .toList();
    }

    private static String grown(String what, long by, long allowed) {
        return by > allowed ? by + " more " + what : "";
    }
}
