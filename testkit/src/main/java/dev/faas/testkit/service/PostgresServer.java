package dev.faas.testkit.service;

import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// A PostgreSQL on a loopback port, with files of its own that go with it. Confined to one test at a time.
public final class PostgresServer implements AutoCloseable {

    private static final Path DEBIAN_VERSIONS = Path.of("/usr/lib/postgresql");
    /// The user the packages make; the server refuses to run as root.
    private static final String USER = "postgres";
    private static final Duration START_TIME = Duration.ofSeconds(60);

    private final Path binaries;
    private final PrivateDirectory directory;
    private final int port;
    private @Nullable Process server;

    private PostgresServer(Path binaries, PrivateDirectory directory, int port) {
        this.binaries = binaries;
        this.directory = directory;
        this.port = port;
    }

    /// Makes an empty database and starts it.
    public static PostgresServer start() throws IOException, InterruptedException {
        var directory = PrivateDirectory.create("faas-postgres");
        var started = new PostgresServer(binaries(), directory, freePort());
        started.own(directory.path());
        var initdb = started.asUser(
                List.of("initdb", "-D", started.files(), "--auth=trust", "--no-sync", "-U", USER, "-E", "UTF8"));
        if (!initdb.waitFor(START_TIME.toSeconds(), TimeUnit.SECONDS) || initdb.exitValue() != 0) {
            throw new IllegalStateException("initdb failed: " + Files.readString(directory.resolve("log")));
        }
        started.resume();
        return started;
    }

    public String jdbcUrl() {
        return "jdbc:postgresql://127.0.0.1:" + port + "/postgres";
    }

    public String user() {
        return USER;
    }

    /// Starts it again on the same files and waits until it answers.
    public void resume() throws IOException {
        // A killed process loses nothing of what the kernel already has, so tests need no fsync.
        server = asUser(List.of(
                "postgres", "-D", files(), "-p", String.valueOf(port), "-h", "127.0.0.1", "-c", "fsync=off", "-k", ""));
        await().atMost(START_TIME).until(this::isAnswering);
    }

    /// Kills all its processes with SIGKILL.
    public void kill() throws InterruptedException {
        var running = server;
        if (running != null) {
            var family = new ArrayList<>(running.descendants().toList());
            running.destroyForcibly();
            family.forEach(ProcessHandle::destroyForcibly);
            running.waitFor();
            await().until(() -> family.stream().noneMatch(ProcessHandle::isAlive));
            server = null;
        }
    }

    @Override
    public void close() {
        try {
            kill();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
        directory.close();
    }

    private String files() {
        return directory.resolve("files").toString();
    }

    /// Listening is not enough: while it recovers, it refuses.
    private boolean isAnswering() throws IOException, InterruptedException {
        try (var socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            var ready = asUser(List.of("pg_isready", "-q", "-h", "127.0.0.1", "-p", String.valueOf(port)));
            return socket.isConnected() && ready.waitFor() == 0;
        } catch (ConnectException notYet) {
            return false;
        }
    }

    private Process asUser(List<String> command) throws IOException {
        var words = new ArrayList<String>();
        if (isRoot()) {
            // Replaces itself by the command, so that the process started is the server.
            words.addAll(List.of(Programs.require("setpriv", "util-linux"), "--reuid=" + USER, "--regid=" + USER, "--clear-groups"));
        }
        words.add(binaries.resolve(command.getFirst()).toString());
        words.addAll(command.subList(1, command.size()));
        var log = ProcessBuilder.Redirect.appendTo(directory.resolve("log").toFile());
        return new ProcessBuilder(words)
                .directory(directory.path().toFile())
                .redirectErrorStream(true)
                .redirectOutput(log)
                .start();
    }

    private void own(Path path) throws IOException {
        if (isRoot()) {
            var users = path.getFileSystem().getUserPrincipalLookupService();
            Files.setOwner(path, users.lookupPrincipalByName(USER));
        }
    }

    private static boolean isRoot() {
        return System.getProperty("user.name").equals("root");
    }

    private static Path binaries() throws IOException {
        if (Files.isDirectory(DEBIAN_VERSIONS)) {
            try (var versions = Files.list(DEBIAN_VERSIONS)) {
                var newest = versions.map(version -> version.resolve("bin"))
                        .filter(bin -> Files.isExecutable(bin.resolve("initdb")))
                        .max(Comparator.naturalOrder());
                if (newest.isPresent()) {
                    return newest.get();
                }
            }
        }
        throw new IllegalStateException("PostgreSQL is not installed (Debian package postgresql): run the tests with"
                + " ./faas test, which installs what they need");
    }

    private static int freePort() throws IOException {
        try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }
}
