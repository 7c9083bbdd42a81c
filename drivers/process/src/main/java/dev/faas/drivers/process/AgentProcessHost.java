package dev.faas.drivers.process;

import dev.faas.core.common.ErrorCode;
import dev.faas.core.common.PlatformException;
import dev.faas.core.sandbox.SandboxStats;
import dev.faas.drivers.agent.AgentSandbox;
import dev.faas.drivers.agent.FrameConnection;
import dev.faas.drivers.agent.wire.ConnectionMessage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The agent of one sandbox as a child process, spoken to over its standard streams: when this process ends, so do
/// they, and the agent with everything it started. Thread-safe.
final class AgentProcessHost implements AgentSandbox.Host {

    private static final Logger LOG = LoggerFactory.getLogger(AgentProcessHost.class);
    private static final int HELLO_SECONDS = 20;
    private static final int EXIT_SECONDS = 10;

    private final ProcessDriverConfig config;
    private final String id;
    private final Consumer<String> forget;
    private final Path directory;
    private final Leftovers leftovers;
    private volatile @Nullable Process process;
    private volatile @Nullable FrameConnection connection;

    AgentProcessHost(ProcessDriverConfig config, String id, Consumer<String> forget) {
        this.config = config;
        this.id = id;
        this.forget = forget;
        directory = config.directory().resolve(id);
        leftovers = new Leftovers(id);
    }

    Path workingDirectory() {
        return directory.resolve("work");
    }

    /// Starts the agent and waits for its first word. Leaves nothing behind when that fails.
    FrameConnection start() {
        try {
            Files.createDirectories(workingDirectory());
            var started = new ProcessBuilder(config.agent().toString(), "--stdio")
                    .directory(workingDirectory().toFile())
                    .redirectError(Redirect.DISCARD);
            var environment = started.environment();
            // The server's own environment may hold secrets: only what programs can't do without is passed on.
            var path = environment.getOrDefault("PATH", "/usr/local/bin:/usr/bin:/bin");
            environment.clear();
            environment.put("PATH", path);
            environment.put("HOME", workingDirectory().toString());
            environment.put(Leftovers.VARIABLE, id);
            var agent = started.start();
            process = agent;
            var greeting = new Greeting();
            var made = FrameConnection.over(
                    "faas-agent-" + id, agent.getInputStream(), agent.getOutputStream(), agent::destroy, greeting);
            connection = made;
            greeting.await();
            return made;
        } catch (IOException e) {
            destroy();
            throw new PlatformException(ErrorCode.SANDBOX_FAILED, "the agent can't be started: " + e.getMessage(), e);
        } catch (PlatformException e) {
            destroy();
            throw e;
        }
    }

    @Override
    public SandboxStats stats() {
        return SandboxStats.NONE;
    }

    @Override
    public SandboxStats destroy() {
        var open = connection;
        if (open != null) {
            open.shutdown();
        }
        var agent = process;
        if (agent != null) {
            end(agent);
        }
        if (open != null) {
            open.close();
        }
        leftovers.kill();
        deleteDirectory();
        forget.accept(id);
        return SandboxStats.NONE;
    }

    private void end(Process agent) {
        boolean interrupted = Thread.interrupted();
        try {
            if (!agent.waitFor(EXIT_SECONDS, TimeUnit.SECONDS)) {
                LOG.warn("agent of {} doesn't end; it is killed", id);
                agent.destroyForcibly().waitFor();
            }
        } catch (InterruptedException e) {
            interrupted = true;
            agent.destroyForcibly();
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private void deleteDirectory() {
        if (!Files.exists(directory)) {
            return;
        }
        try (Stream<Path> paths = Files.walk(directory)) {
            for (var path : paths.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(path);
            }
        } catch (IOException | UncheckedIOException e) {
            LOG.warn("the directory of {} stays behind: {}", id, directory, e);
        }
    }

    /// Waits for the agent's first word, and cleans up behind an agent that dies.
    private final class Greeting implements FrameConnection.Listener {

        private final CompletableFuture<Void> said = new CompletableFuture<>();

        @Override
        public void hello(FrameConnection peer, ConnectionMessage.Hello hello) {
            said.complete(null);
        }

        @Override
        public void ended(FrameConnection peer, String reason) {
            peer.abandon(reason);
            said.completeExceptionally(new PlatformException(ErrorCode.SANDBOX_FAILED, reason));
            Thread.ofVirtual().start(leftovers::kill);
        }

        void await() {
            try {
                said.get(HELLO_SECONDS, TimeUnit.SECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new PlatformException(ErrorCode.SANDBOX_FAILED, "interrupted while the agent started", e);
            } catch (ExecutionException | TimeoutException e) {
                throw new PlatformException(ErrorCode.SANDBOX_FAILED, "the agent did not start", e);
            }
        }
    }
}
