package dev.faas.server;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// Where the instances on one data directory keep what lives as long as they do.
///
/// @param run       one directory for each living spawner, and nothing else: each sweeps what dead ones left
/// @param docker    lock files that show the owner of containers
/// @param processes working directories of processes without isolation
record Directories(Path run, Path docker, Path processes) {

    static Directories in(Path data) {
        return new Directories(data.resolve("run"), data.resolve("docker"), data.resolve("process"));
    }

    /// Makes the data directory, for its owner only.
    static Directories prepare(Path data) {
        var directories = in(data);
        try {
            Files.createDirectories(directories.run());
        } catch (IOException e) {
            throw new UncheckedIOException("the data directory " + data + " can't be written; set FAAS_DATA_DIR to another", e);
        }
        return directories;
    }
}
