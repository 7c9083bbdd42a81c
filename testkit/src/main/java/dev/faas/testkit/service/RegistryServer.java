package dev.faas.testkit.service;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;

/// A registry of images (Debian's `docker-registry`) on a loopback port, with storage of its own that goes with it.
/// Confined to one test at a time.
public final class RegistryServer implements AutoCloseable {

    /// The only account of a registry with authentication.
    public static final String USER = "faas";

    public static final String PASSWORD = "correct horse battery staple";

    /// bcrypt of [#PASSWORD] with 2^5 rounds: nothing but these tests uses it.
    private static final String PASSWORD_HASH = "$2b$05$fa0sfa0sfa0sfa0sfa0s7u7Nsk4FzLXDsdtlNLyrovv9u.QaI3Z/i";

    private static final Duration START_LIMIT = Duration.ofSeconds(20);

    private final PrivateDirectory directory;
    private final int port;
    private final Path config;
    private @Nullable Process process;

    private RegistryServer(boolean authenticated) {
        directory = PrivateDirectory.create("faas-registry");
        port = freePort();
        config = directory.write("config.yml", configuration(authenticated));
        directory.write("htpasswd", USER + ":" + PASSWORD_HASH + "\n");
    }

    /// A registry that everybody may read and write.
    public static RegistryServer start() {
        return started(new RegistryServer(false));
    }

    /// A registry that asks for [#USER] and [#PASSWORD].
    public static RegistryServer startWithAuthentication() {
        return started(new RegistryServer(true));
    }

    private static RegistryServer started(RegistryServer registry) {
        try {
            registry.restart();
            return registry;
        } catch (RuntimeException e) {
            registry.close();
            throw e;
        }
    }

    /// Host and port, as the first part of an image reference.
    public String address() {
        return "127.0.0.1:" + port;
    }

    public int port() {
        return port;
    }

    /// Where the blobs lie: `docker/registry/v2/…`. A test may damage them.
    public Path storage() {
        return directory.resolve("storage");
    }

    /// Ends the server as a crash would: open transfers break off. What was stored stays.
    public void kill() {
        if (process != null) {
            Processes.kill(process);
            process = null;
        }
    }

    /// Starts the server on the same port and storage; one that runs is killed first.
    public void restart() {
        kill();
        var log = directory.resolve("registry.log");
        try {
            var started = new ProcessBuilder(serveCommand())
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
                    .redirectInput(Path.of("/dev/null").toFile())
                    .start();
            process = started;
            Awaitility.await("docker-registry on port " + port)
                    .atMost(START_LIMIT)
                    .pollInterval(Duration.ofMillis(10))
                    .until(() -> {
                        Processes.requireAlive(started, log);
                        return accepts();
                    });
        } catch (IOException e) {
            throw new UncheckedIOException("can't start docker-registry", e);
        }
    }

    @Override
    public void close() {
        kill();
        directory.close();
    }

    /// What serves this registry's storage on this registry's port.
    List<String> serveCommand() {
        return List.of(Programs.require("docker-registry", "docker-registry"), "serve", config.toString());
    }

    private boolean accepts() {
        try (var socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            return socket.isConnected();
        } catch (IOException e) {
            return false;
        }
    }

    private String configuration(boolean authenticated) {
        var text = """
                version: 0.1
                log:
                  level: warn
                storage:
                  filesystem:
                    rootdirectory: %s
                  delete:
                    enabled: true
                http:
                  addr: 127.0.0.1:%d
                """.formatted(storage(), port);
        return authenticated
                ? text + """
                        auth:
                          htpasswd:
                            realm: faas tests
                            path: %s
                        """.formatted(directory.resolve("htpasswd"))
                : text;
    }

    private static int freePort() {
        try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
