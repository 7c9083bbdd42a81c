package dev.faas.drivers.linux;

import dev.faas.core.common.ErrorCode;
import dev.faas.core.common.PlatformException;
import dev.faas.drivers.agent.FrameConnection;
import dev.faas.drivers.agent.SocketReactor;
import dev.faas.drivers.agent.WireErrors;
import dev.faas.drivers.agent.wire.ConnectionMessage.Failure;
import dev.faas.drivers.agent.wire.ControlMessage;
import dev.faas.drivers.agent.wire.Message;
import dev.faas.drivers.agent.wire.SpawnerMessage;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One running faas-spawner. It lives as long as its standard input is open: whatever happens to this process, the
/// spawner ends with it and takes every sandbox along. Thread-safe.
final class Spawner {

    private static final Logger LOG = LoggerFactory.getLogger(Spawner.class);
    private static final Duration ANSWER_LIMIT = Duration.ofSeconds(60);
    private static final Duration END_LIMIT = Duration.ofSeconds(60);

    private final Process process;
    private final FrameConnection connection;

    private Spawner(Process process, FrameConnection connection) {
        this.process = process;
        this.connection = connection;
    }

    /// Starts the program; returns when it takes requests. What an earlier one left in the directory is swept before
    /// that.
    static Spawner start(NativeDriverConfig config, Path directory, SocketReactor reactor, Listener listener) {
        try {
            var process = new ProcessBuilder(command(config, directory)).start();
            try {
                var messages = new SpawnerLog(process.getErrorStream());
                var socket = awaitReady(process.inputReader(), messages);
                return new Spawner(process, reactor.connect(socket, listener));
            } catch (IOException | RuntimeException e) {
                process.destroyForcibly();
                throw e;
            }
        } catch (IOException e) {
            throw new PlatformException(
                    ErrorCode.RUNTIME_FAILED, "faas-spawner does not start: " + e.getMessage(), e);
        }
    }

    /// Removes what dead spawners left in the run directory. Blocks until it is done.
    static void sweep(NativeDriverConfig config) {
        try {
            var sweep = new ProcessBuilder(
                            config.spawner().toString(), "--sweep", config.runDirectory().toString())
                    .redirectErrorStream(true)
                    .start();
            new SpawnerLog(sweep.getInputStream()).lastWords();
            if (sweep.waitFor() != 0) {
                LOG.error("{} could not be swept", config.runDirectory());
            }
        } catch (IOException e) {
            LOG.error("{} could not be swept", config.runDirectory(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static List<String> command(NativeDriverConfig config, Path directory) {
        var command = new ArrayList<String>();
        command.add(config.spawner().toString());
        command.addAll(List.of("--run-dir", directory.toString(), "--agent", config.agent().toString()));
        command.addAll(List.of("--uid-base", String.valueOf(config.uidBase())));
        config.gatewayPorts().forEach(port -> command.addAll(List.of("--gateway-port", String.valueOf(port))));
        command.addAll(config.options());
        return command;
    }

    private static Path awaitReady(BufferedReader output, SpawnerLog messages) throws IOException {
        var line = output.readLine();
        if (line == null || !line.startsWith("ready ")) {
            throw new IOException(line == null ? messages.lastWords() : "it said '" + line + "'");
        }
        return Path.of(line.substring("ready ".length()));
    }

    /// Called once when the process has ended.
    void onExit(Consumer<String> action) {
        process.onExit().thenAccept(ended -> action.accept("faas-spawner ended with status " + ended.exitValue()));
    }

    boolean isAlive() {
        return process.isAlive() && connection.isAlive();
    }

    SpawnerMessage.Created create(SpawnerMessage.Create request) {
        return answer(SpawnerMessage.Created.class, request, "the sandbox can't be made");
    }

    SpawnerMessage.Stats destroy(String id) {
        return answer(SpawnerMessage.Destroyed.class, new SpawnerMessage.Destroy(id), "destroying " + id)
                .stats();
    }

    SpawnerMessage.Stats stats(String id) {
        return answer(SpawnerMessage.StatsReply.class, new SpawnerMessage.StatsRequest(id), "measuring " + id)
                .stats();
    }

    /// Returns when everything stands still.
    void freeze(String id) {
        answer(ControlMessage.Frozen.class, new ControlMessage.Freeze(id), "freezing " + id);
    }

    void thaw(String id) {
        answer(ControlMessage.Thawed.class, new ControlMessage.Thaw(id), "thawing " + id);
    }

    void limit(ControlMessage.Limit limit) {
        answer(ControlMessage.Limited.class, limit, "changing the limits of " + limit.id());
    }

    List<SpawnerMessage.Feature> probe() {
        return answer(SpawnerMessage.Probed.class, new SpawnerMessage.ProbeRequest(), "probing the host")
                .features();
    }

    private <T extends Message> T answer(Class<T> type, Message question, String doing) {
        var answer = connection.ask(question, ANSWER_LIMIT);
        if (type.isInstance(answer)) {
            return type.cast(answer);
        }
        throw answer instanceof Failure failure
                ? WireErrors.ofSpawner(failure, doing)
                : new PlatformException(ErrorCode.RUNTIME_FAILED, doing + ": faas-spawner answered " + answer.type());
    }

    /// Ends it in order: every sandbox is destroyed, the directory removed.
    void close() {
        boolean interrupted = false;
        try {
            process.getOutputStream().close();
            if (!process.waitFor(END_LIMIT.toSeconds(), TimeUnit.SECONDS)) {
                LOG.error("faas-spawner does not end within {}; it is killed", END_LIMIT);
                process.destroyForcibly();
            }
        } catch (IOException e) {
            LOG.debug("the spawner was gone already", e);
        } catch (InterruptedException e) {
            interrupted = true;
            process.destroyForcibly();
        } finally {
            connection.close();
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /// Told of sandboxes that end by themselves.
    interface Listener extends FrameConnection.Listener {

        @Override
        void died(SpawnerMessage.Died died);

        @Override
        default void ended(FrameConnection connection, String reason) {
            connection.abandon("faas-spawner is gone");
        }
    }
}
