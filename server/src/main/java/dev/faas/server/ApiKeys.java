package dev.faas.server;

import dev.faas.cli.CommandException;
import dev.faas.cli.LocalPlatform.NewKey;
import dev.faas.gateway.auth.ApiKey;
import dev.faas.server.config.ServerConfig;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;

/// The hashes of the keys that `./faas key create` made: one line each, readable by their owner only.
final class ApiKeys {

    private ApiKeys() {}

    static NewKey create(Path dataDir, String name) {
        var file = ServerConfig.keyFile(dataDir);
        var key = ApiKey.generate(new SecureRandom());
        var line = name + ":" + ApiKey.hashOf(key);
        try {
            ApiKey.parse(line);
            Files.createDirectories(dataDir);
            createPrivately(file);
            refuseTaken(file, name);
            Files.writeString(file, line + "\n", StandardOpenOption.APPEND);
        } catch (IllegalArgumentException e) {
            throw new CommandException("'" + name + "' can't name a key: use 1 to 64 of A-Z a-z 0-9 _ . -");
        } catch (IOException e) {
            throw new UncheckedIOException(file + " can't be written", e);
        }
        return new NewKey(name, key, ApiKey.hashOf(key), file.toString());
    }

    private static void createPrivately(Path file) throws IOException {
        try {
            Files.createFile(file, ownerOnly(file));
        } catch (FileAlreadyExistsException e) {
            // It was made like this before.
        }
    }

    private static FileAttribute<?>[] ownerOnly(Path file) {
        return file.getFileSystem().supportedFileAttributeViews().contains("posix")
                ? new FileAttribute<?>[] {PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"))}
                : new FileAttribute<?>[0];
    }

    private static void refuseTaken(Path file, String name) throws IOException {
        if (Files.readAllLines(file).stream().anyMatch(line -> line.startsWith(name + ":"))) {
            throw new CommandException("there is a key named '" + name + "' already; take its line out of " + file + " to replace it");
        }
    }
}
