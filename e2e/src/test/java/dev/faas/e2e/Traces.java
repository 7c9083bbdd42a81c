package dev.faas.e2e;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/// Everything of the platform that the kernel shows: what is there after a test and was not before has been left behind.
record Traces(Set<String> all) {

    static Traces now() throws IOException {
        var found = new TreeSet<String>();
        addProcesses(found);
        addMounts(found);
        addCgroups(found);
        addLinks(found);
        addRunDirectories(found);
        return new Traces(found);
    }

    Set<String> since(Traces before) {
        var added = new TreeSet<>(all);
        added.removeAll(before.all);
        return added;
    }

    private static void addProcesses(Set<String> found) throws IOException {
        for (var process : spawners()) {
            if (process.runDirectory().startsWith(Launcher.DATA)) {
                found.add("process faas-spawner " + process.pid());
            }
        }
    }

    private static void addMounts(Set<String> found) throws IOException {
        try (var lines = Files.lines(Path.of("/proc/self/mountinfo"))) {
            lines.filter(line -> line.contains(Launcher.DATA.toString())).map(line -> "mount " + line).forEach(found::add);
        }
    }

    /// Groups are named like their instance. Those of a living spawner that works elsewhere aren't ours.
    private static void addCgroups(Set<String> found) throws IOException {
        var others = spawners().stream()
                .map(Spawner::runDirectory)
                .filter(directory -> !directory.startsWith(Launcher.DATA))
                .map(directory -> directory.getFileName().toString())
                .toList();
        for (var hierarchy : children(Path.of("/sys/fs/cgroup"))) {
            for (var instance : children(hierarchy.resolve("faas"))) {
                if (Files.isDirectory(instance) && !others.contains(instance.getFileName().toString())) {
                    found.add("cgroup " + instance);
                }
            }
        }
    }

    private static void addLinks(Set<String> found) throws IOException {
        for (var link : children(Path.of("/sys/class/net"))) {
            if (link.getFileName().toString().startsWith("faas")) {
                found.add("link " + link.getFileName());
            }
        }
    }

    private static void addRunDirectories(Set<String> found) throws IOException {
        children(Launcher.DATA.resolve("run")).forEach(instance -> found.add("run directory " + instance));
    }

    /// Whatever comes and goes meanwhile is no error.
    private static List<Path> children(Path directory) throws IOException {
        try (Stream<Path> entries = Files.list(directory)) {
            return entries.toList();
        } catch (NoSuchFileException | NotDirectoryException e) {
            return List.of();
        }
    }

    private static List<Spawner> spawners() throws IOException {
        var found = new ArrayList<Spawner>();
        for (var entry : children(Path.of("/proc"))) {
            var words = List.of(readIfThere(entry.resolve("cmdline")).split("\0"));
            int option = words.indexOf("--run-dir");
            if (words.getFirst().endsWith("faas-spawner") && option >= 0 && option + 1 < words.size()) {
                found.add(new Spawner(entry.getFileName().toString(), Path.of(words.get(option + 1))));
            }
        }
        return found;
    }

    /// A process may end between being listed and being read.
    private static String readIfThere(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            return "";
        }
    }

    private record Spawner(String pid, Path runDirectory) {}
}
