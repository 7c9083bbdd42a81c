package dev.faas.drivers.docker;

import dev.faas.core.common.ErrorCode;
import dev.faas.core.common.PlatformException;
import dev.faas.core.image.Image;
import dev.faas.core.sandbox.Command;
import dev.faas.core.sandbox.Isolation;
import dev.faas.core.sandbox.Origin;
import dev.faas.core.sandbox.Network;
import dev.faas.core.sandbox.Sandbox;
import dev.faas.core.sandbox.SandboxControl;
import dev.faas.core.sandbox.SandboxFiles;
import dev.faas.core.sandbox.SandboxProcess;
import dev.faas.core.sandbox.SandboxStats;
import dev.faas.drivers.agent.AgentSandbox;
import dev.faas.drivers.agent.FrameConnection;
import dev.faas.drivers.agent.wire.ConnectionMessage;
import dev.faas.drivers.agent.wire.Rlimit;
import java.nio.channels.ByteChannel;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/// A container with an agent in it. Thread-safe.
final class DockerSandbox implements Sandbox {

    private final AgentSandbox sandbox;
    private final FrameConnection agent;
    private final Container container;
    private volatile Runnable onDestroyed = () -> {};

    private DockerSandbox(AgentSandbox sandbox, FrameConnection agent, Container container) {
        this.sandbox = sandbox;
        this.agent = agent;
        this.container = container;
    }

    /// Called once, after the container has been removed or given to the background.
    void onDestroyed(Runnable action) {
        onDestroyed = action;
    }

    @Override
    public String id() {
        return sandbox.id();
    }

    @Override
    public Isolation isolation() {
        return sandbox.isolation();
    }

    @Override
    public Image image() {
        return sandbox.image();
    }

    @Override
    public Duration startTime() {
        return sandbox.startTime();
    }

    @Override
    public Origin origin() {
        return sandbox.origin();
    }

    @Override
    public boolean isAlive() {
        return agent.isAlive();
    }

    @Override
    public SandboxProcess start(Command command) {
        return sandbox.start(command);
    }

    @Override
    public SandboxProcess start(Command command, byte[] input) {
        return sandbox.start(command, input);
    }

    @Override
    public SandboxFiles files() {
        return sandbox.files();
    }

    @Override
    public ByteChannel connect(int port) {
        return sandbox.connect(port);
    }

    @Override
    public Optional<SandboxControl> control() {
        return Optional.of(container);
    }

    @Override
    public SandboxStats stats() {
        return container.read(sandbox.files());
    }

    @Override
    public SandboxStats destroy() {
        if (agent.isAlive()) {
            container.readLast(sandbox.files());
        }
        try {
            return sandbox.destroy();
        } finally {
            onDestroyed.run();
        }
    }

    /// Makes sandboxes from recipes.
    ///
    /// @param startLimit how long the agent may take to answer
    record Maker(Engine engine, Removals removals, Duration startLimit) {

        /// Create, attach, start, wait for the agent's greeting; a failure in between leaves nothing.
        DockerSandbox make(ContainerRecipe recipe, Image image) {
            long begin = System.nanoTime();
            var spec = recipe.spec();
            var created = create(recipe);
            try {
                var attachment = Attachment.open(engine, created, spec.id());
                var greeting = new Greeting(engine, created);
                var agent = FrameConnection.over(
                        "docker-" + spec.id(), attachment.output(), attachment.input(), attachment, greeting);
                try {
                    engine.ask("starting the container", client ->
                            client.startContainerCmd(created).exec());
                    greeting.await(startLimit);
                    confine(recipe, created);
                } catch (RuntimeException e) {
                    agent.close();
                    throw e;
                }
                var traits = new AgentSandbox.Traits(
                        spec.id(),
                        Isolation.DOCKER,
                        image,
                        Duration.ofNanos(System.nanoTime() - begin),
                        Origin.COLD,
                        List.of(Rlimit.of(Rlimit.NOFILE, spec.limits().openFiles())));
                var container = new Container(created, recipe.cores(), engine, removals);
                return new DockerSandbox(new AgentSandbox(traits, agent, container), agent, container);
            } catch (RuntimeException e) {
                removals.removeQuietly(created);
                throw e;
            }
        }

        private void confine(ContainerRecipe recipe, String container) {
            if (recipe.spec().network() instanceof Network.Nat wish) {
                recipe.network().ifPresent(network -> network.confine(engine, container, wish));
            }
        }

        private String create(ContainerRecipe recipe) {
            try {
                return engine.ask("making the container", client ->
                        recipe.command(client).exec().getId());
            } catch (EngineException e) {
                if (e.isLost()) {
                    // The engine may have made it all the same.
                    removals.removeQuietly(ContainerRecipe.containerName(recipe.spec().id()));
                }
                throw e;
            }
        }
    }

    /// Waits for the agent's first word, and finds out why there is no further one.
    private static final class Greeting implements FrameConnection.Listener {

        private final Engine engine;
        private final String container;
        private final CompletableFuture<Boolean> greeted = new CompletableFuture<>();

        Greeting(Engine engine, String container) {
            this.engine = engine;
            this.container = container;
        }

        void await(Duration limit) {
            try {
                greeted.get(limit.toMillis(), TimeUnit.MILLISECONDS);
            } catch (ExecutionException e) {
                var cause = Objects.requireNonNull(e.getCause());
                throw new PlatformException(ErrorCode.SANDBOX_FAILED, String.valueOf(cause.getMessage()), e);
            } catch (TimeoutException e) {
                throw new PlatformException(
                        ErrorCode.SANDBOX_FAILED,
                        "the agent in the container did not answer within " + limit.toSeconds() + " s",
                        e);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new PlatformException(ErrorCode.SANDBOX_FAILED, "interrupted while the container started", e);
            }
        }

        @Override
        public void hello(FrameConnection connection, ConnectionMessage.Hello hello) {
            greeted.complete(true);
        }

        @Override
        public void ended(FrameConnection connection, String reason) {
            // Not on the calling thread, which reads the connection: asking the engine takes a while.
            Thread.ofVirtual().name("docker-autopsy").start(() -> {
                var cause = Autopsy.of(engine, container, reason);
                connection.abandon(cause);
                greeted.completeExceptionally(new IllegalStateException(cause));
            });
        }
    }
}
