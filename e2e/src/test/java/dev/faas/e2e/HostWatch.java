package dev.faas.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import dev.faas.testkit.sandbox.Eventually;
import dev.faas.testkit.sandbox.HostState;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// Remembers what the host looked like before the platform ran on a data directory, to compare. Confined to one test.
final class HostWatch {

    private final Path data;
    private final Set<String> instances = new TreeSet<>();
    private final Set<String> before;

    HostWatch(Path data) {
        this.data = data;
        before = now();
    }

    /// Notes the instances that live now, so that later checks look for their groups, links and tables.
    void note() {
        try (Stream<Path> directories = Files.list(data.resolve("run"))) {
            directories.forEach(directory -> instances.add(directory.getFileName().toString()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// Processes, mounts, groups, links, tables and files of every instance noted are gone.
    void assertRestored() {
        Eventually.holds(() -> {
            var left = now();
            left.removeAll(before);
            assertThat(left).isEmpty();
        });
    }

    private Set<String> now() {
        var host = HostState.now(data.resolve("run"), instances);
        var found = new TreeSet<String>();
        add(found, "process", host.processes());
        add(found, "process", processes());
        add(found, "mount", host.mounts());
        add(found, "cgroup", host.cgroups());
        add(found, "link", host.links());
        add(found, "file", host.files());
        add(found, "nft table", tables());
        return found;
    }

    private static void add(Set<String> found, String kind, Set<String> names) {
        names.forEach(name -> found.add(kind + " " + name));
    }

    /// Whoever names the data directory: gateways, spawners.
    private Set<String> processes() {
        return ProcessHandle.allProcesses()
                .filter(process -> commandLine(process).contains(data.toString()))
                .map(process -> process.pid() + " " + commandLine(process))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private static String commandLine(ProcessHandle process) {
        try {
            return Files.readString(Path.of("/proc", Long.toString(process.pid()), "cmdline"), StandardCharsets.ISO_8859_1)
                    .replace('\0', ' ');
        } catch (IOException e) {
            // Ended meanwhile.
            return "";
        }
    }

    private Set<String> tables() {
        return Shell.output("nft", "list", "tables").lines()
                .filter(line -> instances.stream().anyMatch(line::contains))
                .collect(Collectors.toCollection(TreeSet::new));
    }
}
