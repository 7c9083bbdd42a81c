package dev.faas.drivers.agent;

import dev.faas.core.common.PlatformException;
import dev.faas.core.image.Image;
import dev.faas.core.sandbox.Command;
import dev.faas.core.sandbox.Isolation;
import dev.faas.core.sandbox.Origin;
import dev.faas.core.sandbox.Sandbox;
import dev.faas.core.sandbox.SandboxControl;
import dev.faas.core.sandbox.SandboxFiles;
import dev.faas.core.sandbox.SandboxProcess;
import dev.faas.core.sandbox.SandboxStats;
import dev.faas.drivers.agent.wire.NameValue;
import dev.faas.drivers.agent.wire.ProcessMessage.Exec;
import dev.faas.drivers.agent.wire.Rlimit;
import java.nio.channels.ByteChannel;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/// A sandbox of any technology that put an agent into it. Thread-safe.
public final class AgentSandbox implements Sandbox {

    private final Traits traits;
    private final FrameConnection agent;
    private final Host host;
    private final AgentFiles files;
    private final AtomicReference<@Nullable CompletableFuture<SandboxStats>> destruction = new AtomicReference<>();

    public AgentSandbox(Traits traits, FrameConnection agent, Host host) {
        this.traits = traits;
        this.agent = agent;
        this.host = host;
        files = new AgentFiles(agent, traits.image.config().user());
    }

    @Override
    public String id() {
        return traits.id;
    }

    @Override
    public Isolation isolation() {
        return traits.isolation;
    }

    @Override
    public Image image() {
        return traits.image;
    }

    @Override
    public Duration startTime() {
        return traits.startTime;
    }

    @Override
    public Origin origin() {
        return traits.origin;
    }

    @Override
    public boolean isAlive() {
        return agent.isAlive();
    }

    @Override
    public SandboxProcess start(Command command) {
        return AgentProcess.start(agent, exec(command, command.stdin()));
    }

    @Override
    public SandboxProcess start(Command command, byte[] input) {
        boolean isReading = input.length > 0;
        return AgentProcess.start(agent, exec(command, isReading), input);
    }

    @Override
    public SandboxFiles files() {
        return files;
    }

    @Override
    public ByteChannel connect(int port) {
        return AgentTunnel.connect(agent, port);
    }

    @Override
    public Optional<SandboxControl> control() {
        return host.control();
    }

    @Override
    public SandboxStats stats() {
        return host.stats();
    }

    @Override
    public SandboxStats destroy() {
        var mine = new CompletableFuture<SandboxStats>();
        var first = destruction.compareAndExchange(null, mine);
        if (first != null) {
            return result(first);
        }
        try {
            // Whoever waits for a process learns why it will never end; then the kernel ends it.
            agent.abandon("the sandbox was destroyed");
            mine.complete(host.destroy());
        } catch (RuntimeException e) {
            mine.completeExceptionally(e);
        } finally {
            agent.close();
        }
        return result(mine);
    }

    private static SandboxStats result(CompletableFuture<SandboxStats> destruction) {
        try {
            return destruction.join();
        } catch (CompletionException e) {
            throw e.getCause() instanceof PlatformException failure ? failure : e;
        }
    }

    /// Rounded up: 0 would mean no limit.
    private static long milliseconds(Duration timeout) {
        return timeout.plusNanos(999_999).toMillis();
    }

    private Exec exec(Command command, boolean stdin) {
        var config = traits.image.config();
        int mode = (stdin ? Exec.STDIN_OPEN : 0) | (command.terminal().isPresent() ? Exec.PTY : 0);
        var size = command.terminal().orElse(new Command.TerminalSize(0, 0));
        return new Exec(
                command.argv(),
                NameValue.listOf(command.env()),
                command.workingDir().isEmpty() ? config.workingDir() : command.workingDir(),
                command.user().isEmpty() ? config.user() : command.user(),
                mode,
                milliseconds(command.timeout()),
                command.outputLimit(),
                traits.processLimits,
                size.rows(),
                size.columns());
    }

    /// What doesn't change in a sandbox's life.
    ///
    /// @param startTime     how long it took to make
    /// @param processLimits set by the agent for each process, where the technology has no place for them
    public record Traits(
            String id,
            Isolation isolation,
            Image image,
            Duration startTime,
            Origin origin,
            List<Rlimit> processLimits) {}

    /// The technology's side of one sandbox. Thread-safe.
    public interface Host {

        SandboxStats stats();

        /// Empty where the technology offers none.
        default Optional<SandboxControl> control() {
            return Optional.empty();
        }

        /// Removes every trace; called once.
        SandboxStats destroy();
    }
}
