package dev.faas.e2e;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/// Everything of the platform that the kernel shows: what is there after a test and was not before has been left behind.
record Traces(Set<String> all) {

    private static final int CGROUP_DEPTH = 4;

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
        try (var entries = Files.newDirectoryStream(Path.of("/proc"), "[0-9]*")) {
            for (var entry : entries) {
                var name = readIfThere(entry.resolve("comm")).strip();
                if (name.startsWith("faas-")) {
                    found.add("process " + entry.getFileName() + " " + name);
                }
            }
        }
    }

    private static void addMounts(Set<String> found) throws IOException {
        try (var lines = Files.lines(Path.of("/proc/self/mountinfo"))) {
            lines.filter(line -> line.contains(Launcher.DATA.toString())).map(line -> "mount " + line).forEach(found::add);
        }
    }

    private static void addCgroups(Set<String> found) throws IOException {
        var top = Path.of("/sys/fs/cgroup");
        if (!Files.isDirectory(top)) {
            return;
        }
        try (var folders = Files.walk(top, CGROUP_DEPTH)) {
            folders.filter(folder -> folder.getFileName().toString().startsWith("faas"))
                    .filter(Files::isDirectory)
                    .map(folder -> "cgroup " + folder)
                    .forEach(found::add);
        }
    }

    private static void addLinks(Set<String> found) throws IOException {
        try (Stream<Path> links = Files.list(Path.of("/sys/class/net"))) {
            links.map(link -> link.getFileName().toString())
                    .filter(name -> !name.equals("lo"))
                    .map(name -> "link " + name)
                    .forEach(found::add);
        }
    }

    private static void addRunDirectories(Set<String> found) throws IOException {
        var run = Launcher.DATA.resolve("run");
        if (Files.isDirectory(run)) {
            try (Stream<Path> instances = Files.list(run)) {
                instances.map(instance -> "run directory " + instance).forEach(found::add);
            }
        }
    }

    /// A process may end between being listed and being read.
    private static String readIfThere(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            return "";
        }
    }
}
