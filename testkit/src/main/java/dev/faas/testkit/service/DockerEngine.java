package dev.faas.testkit.service;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.net.ConnectException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;

/// A Docker Engine of its own: images, containers, bridge and packet filter rules live in private directories and
/// namespaces, an engine that already runs on the machine is neither used nor disturbed. It goes without a trace when
/// it is closed or this JVM ends. Needs root and Linux; on other systems set `FAAS_TEST_DOCKER_HOST` to a running
/// engine that tests may use.
///
/// Thread-safe, except that [#kill] and [#restart] disturb whoever else uses the engine.
public final class DockerEngine implements AutoCloseable {

    /// A running engine to use instead of an own one, as `DOCKER_HOST` has it.
    public static final String HOST_VARIABLE = "FAAS_TEST_DOCKER_HOST";

    private static final Duration START_LIMIT = Duration.ofSeconds(60);
    private static final Duration STOP_LIMIT = Duration.ofSeconds(20);

    /// Loading and pushing the largest base images takes seconds; a hang must not hold up a test run for long.
    private static final Duration COMMAND_LIMIT = Duration.ofMinutes(3);

    /// Of a disk of its own; what isn't written takes no room.
    private static final long DISK_BYTES = 2L << 30;

    private static final ReentrantLock sharedLock = new ReentrantLock();
    private static @Nullable DockerEngine shared;

    private final PrivateDirectory directory;
    private final String host;
    private final @Nullable EngineRoom room;
    private final Path log;
    private @Nullable Process daemon;

    private DockerEngine(PrivateDirectory directory, String host, @Nullable EngineRoom room) {
        this.directory = directory;
        this.host = host;
        this.room = room;
        this.log = directory.resolve("dockerd.log");
    }

    /// The engine that all tests of this JVM share; it is closed when the JVM ends. Don't close or kill it.
    public static DockerEngine shared() {
        // Held while the engine starts: whoever else asks needs the same engine.
        sharedLock.lock();
        try {
            var engine = shared;
            if (engine == null) {
                engine = start();
                shared = engine;
                Runtime.getRuntime().addShutdownHook(new Thread(engine::close, "close-docker-engine"));
            }
            return engine;
        } finally {
            sharedLock.unlock();
        }
    }

    /// An engine of the caller's own, who closes it.
    public static DockerEngine start() {
        return start(room -> {});
    }

    /// As [#start()], with images and containers on a disk of their own, of the kind that may have quotas but hasn't.
    public static DockerEngine startOnXfs() {
        return start(DockerEngine::mountDisk);
    }

    private static DockerEngine start(Consumer<DockerEngine> preparation) {
        var directory = PrivateDirectory.create("faas-dockerd");
        var given = System.getenv(HOST_VARIABLE);
        if (given != null && !given.isEmpty()) {
            return new DockerEngine(directory, given, null);
        }
        var room = EngineRoom.open(directory.resolve("dockerd.log"));
        var engine = new DockerEngine(directory, "unix://" + directory.resolve("docker.sock"), room);
        try {
            // Not the machine's own configuration file: it may name other directories, networks or registries.
            directory.write("daemon.json", "{}");
            preparation.accept(engine);
            engine.restart();
            return engine;
        } catch (RuntimeException e) {
            engine.close();
            throw e;
        }
    }

    /// Where it listens, as `DOCKER_HOST` has it.
    public String host() {
        return host;
    }

    /// Ends the engine as a crash would. Containers that run go on running, as after a real crash.
    public void kill() {
        ownRoom();
        var running = daemon;
        if (running != null) {
            // The engine is the child of nsenter, which collects it and ends too: a zombie would keep the next engine
            // from starting.
            running.children().forEach(ProcessHandle::destroyForcibly);
            awaitEnd(running);
            daemon = null;
        }
    }

    /// Starts the engine on the same images and containers; one that runs is killed first. Returns when it answers.
    public void restart() {
        kill();
        var started = ownRoom().start(daemonCommand(), log);
        daemon = started;
        Awaitility.await("Docker Engine")
                .atMost(START_LIMIT)
                .pollInterval(Duration.ofMillis(20))
                .until(() -> {
                    Processes.requireAlive(started, log);
                    return Files.exists(directory.resolve("docker.sock")) && answers();
                });
    }

    /// Runs the command line client.
    ///
    /// @return what it printed
    public String docker(String... arguments) {
        var command = new ArrayList<>(List.of(
                Programs.require("docker", "docker.io"), "--config", directory.path().toString(), "-H", host));
        command.addAll(List.of(arguments));
        return Programs.run(COMMAND_LIMIT, command);
    }

    /// Makes an image from the tar of a root file system.
    public void importRootFileSystem(Path tar, String image) {
        docker("import", tar.toString(), image);
    }

    /// Pushes an image the engine has.
    ///
    /// @param repository name and tag in the registry, without its address
    public void push(String image, RegistryServer registry, String repository) {
        try (var _ = reach(registry)) {
            var target = registry.address() + "/" + repository;
            docker("tag", image, target);
            docker("login", "-u", RegistryServer.USER, "-p", RegistryServer.PASSWORD, registry.address());
            docker("push", target);
            docker("rmi", target);
        }
    }

    /// Lets the engine use the registry under its address until the result is closed. The engine's loopback is its own,
    /// so a second server is put there, for the same storage.
    public Reached reach(RegistryServer registry) {
        if (room == null) {
            return () -> {};
        }
        var server = room.start(registry.serveCommand(), log);
        Reached reached = () -> Processes.killTree(server);
        try {
            var probe = room.inside(List.of("/bin/bash", "-c", ": < /dev/tcp/127.0.0.1/" + registry.port()));
            Awaitility.await("registry beside the engine")
                    .atMost(STOP_LIMIT)
                    .pollInterval(Duration.ofMillis(20))
                    .until(() -> {
                        Processes.requireAlive(server, log);
                        return new ProcessBuilder(probe).start().waitFor() == 0;
                    });
            return reached;
        } catch (RuntimeException e) {
            reached.close();
            throw e;
        }
    }

    /// Puts servers around the engine that containers may or may not reach, until the result is closed.
    public Surroundings surroundings() {
        return Surroundings.open(ownRoom(), directory, log);
    }

    /// What the packet filter of the engine's machine holds.
    public String firewall() {
        var command = List.of(Programs.require("nft", "nftables"), "list", "tables");
        return Programs.run(COMMAND_LIMIT, ownRoom().inside(command));
    }

    @Override
    public void close() {
        if (room != null) {
            stopDaemon();
            room.close();
            ControlGroups.remove(groupName());
        }
        directory.close();
    }

    /// In the room's own mount namespace: it goes with the room, and the loop device with it.
    private void mountDisk() {
        var disk = directory.resolve("disk");
        var data = directory.resolve("data");
        try (var file = new RandomAccessFile(disk.toFile(), "rw")) {
            file.setLength(DISK_BYTES);
            Files.createDirectory(data);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        Programs.run(COMMAND_LIMIT, List.of(Programs.require("mkfs.xfs", "xfsprogs"), "-q", disk.toString()));
        var mount = List.of(Programs.require("mount", "mount"), "-o", "loop", disk.toString(), data.toString());
        Programs.run(COMMAND_LIMIT, ownRoom().inside(mount));
    }

    private void stopDaemon() {
        var running = daemon;
        daemon = null;
        if (running != null) {
            running.children().forEach(ProcessHandle::destroy);
            awaitEnd(running);
        }
    }

    private static void awaitEnd(Process process) {
        try {
            if (!process.waitFor(STOP_LIMIT.toMillis(), TimeUnit.MILLISECONDS)) {
                Processes.kill(process);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private EngineRoom ownRoom() {
        if (room == null) {
            throw new IllegalStateException("this needs an engine of the test's own: unset " + HOST_VARIABLE);
        }
        return room;
    }

    private List<String> daemonCommand() {
        return List.of(
                Programs.require("dockerd", "docker.io"),
                "--config-file",
                directory.resolve("daemon.json").toString(),
                "--data-root",
                directory.resolve("data").toString(),
                "--exec-root",
                directory.resolve("exec").toString(),
                "--pidfile",
                directory.resolve("dockerd.pid").toString(),
                "--cgroup-parent",
                "/" + groupName(),
                "--host",
                host);
    }

    /// Unique, so that engines of several test runs don't share control groups.
    private String groupName() {
        return "faas-test-" + directory.path().getFileName();
    }

    private boolean answers() {
        try {
            var path = Path.of(host.substring("unix://".length()));
            try (var channel = SocketChannel.open(UnixDomainSocketAddress.of(path))) {
                channel.write(ByteBuffer.wrap(
                        "GET /_ping HTTP/1.0\r\n\r\n".getBytes(StandardCharsets.US_ASCII)));
                var answer = ByteBuffer.allocate(512);
                return channel.read(answer) > 0
                        && new String(answer.array(), 0, answer.position(), StandardCharsets.US_ASCII)
                                .contains(" 200 ");
            }
        } catch (ConnectException e) {
            return false;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// Access of an engine to a registry.
    @FunctionalInterface
    public interface Reached extends AutoCloseable {
        @Override
        void close();
    }
}
