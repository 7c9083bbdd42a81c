package dev.faas.server;

import dev.faas.cli.CommandException;
import dev.faas.server.config.ServerConfig;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/// Removes what the platform made on this machine and in its container engine.
final class Cleaner {

    private final ServerConfig config;
    private final Directories directories;
    private final Instances instances;
    private final List<String> removed = new ArrayList<>();

    Cleaner(ServerConfig config) {
        this.config = config;
        directories = Directories.in(config.dataDir());
        instances = new Instances(config.dataDir());
    }

    /// @param force      ends living instances first
    /// @param everything images and records go too
    List<String> clean(boolean force, boolean everything) {
        try {
            if (force) {
                removed.addAll(instances.end());
            }
            sweepSandboxes();
            sweepContainers();
            if (instances.alive().isEmpty()) {
                delete(directories.processes());
                instances.forget();
            }
            if (everything) {
                deleteData();
            }
            return removed;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CommandException("interrupted");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// Processes, mounts, namespaces, cgroups, links and rules: the spawner knows them best.
    private void sweepSandboxes() throws IOException, InterruptedException {
        var before = names(directories.run());
        var spawner = config.drivers().spawner();
        if (before.isEmpty() || !Files.isExecutable(spawner)) {
            return;
        }
        var process = new ProcessBuilder(spawner.toString(), "--sweep", directories.run().toString())
                .redirectErrorStream(true)
                .start();
        var output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        if (process.waitFor() != 0) {
            throw new CommandException("not everything could be removed: " + output);
        }
        before.removeAll(names(directories.run()));
        before.forEach(name -> removed.add("instance " + name + " with its sandboxes"));
    }

    private void sweepContainers() {
        int count = Drivers.sweepContainers(config, directories);
        if (count > 0) {
            removed.add(count + " containers, networks and volumes in the container engine");
        }
    }

    private void deleteData() throws IOException {
        var data = config.dataDir();
        for (var name : List.of("images", "run", "docker", "cache", "faas.db", "faas.db-wal", "faas.db-shm", "faas.db.lock")) {
            delete(data.resolve(name));
        }
    }

    private static List<String> names(Path directory) throws IOException {
        if (!Files.isDirectory(directory)) {
            return new ArrayList<>();
        }
        try (Stream<Path> entries = Files.list(directory)) {
            return new ArrayList<>(entries.map(entry -> entry.getFileName().toString()).toList());
        }
    }

    private void delete(Path path) throws IOException {
        if (!Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        FileTree.delete(path);
        removed.add(path.toString());
    }
}
