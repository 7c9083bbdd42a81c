package dev.faas.core.sandbox;

import dev.faas.core.image.Image;
import java.nio.channels.ByteChannel;
import java.time.Duration;
import java.util.Optional;

/// One isolated unit with an agent inside. Thread-safe: several processes may run in it at once.
public interface Sandbox extends AutoCloseable {

    String id();

    Isolation isolation();

    /// What it runs on.
    Image image();

    /// How long the technology took to make it.
    Duration startTime();

    Origin origin();

    /// Whether it can still be used, as far as is known without asking: false once its agent's connection is lost or it was destroyed.
    boolean isAlive();

    /// Starts a process. Returns when the agent has accepted it; output is held back until it is read.
    ///
    /// @throws dev.faas.core.common.PlatformException `VALIDATION_FAILED` for an unknown user or a missing working directory,
    ///     `SANDBOX_FAILED` when the sandbox is gone
    SandboxProcess start(Command command);

    /// As [#start], with all that the process will read: it goes along with the order to start. What a process doesn't take at once is
    /// written behind.
    SandboxProcess start(Command command, byte[] input);

    SandboxFiles files();

    /// Opens a TCP connection to a port inside, whatever the sandbox's network. The caller closes it.
    ByteChannel connect(int port);

    /// Empty where the technology offers none.
    default Optional<SandboxControl> control() {
        return Optional.empty();
    }

    /// What it has used so far; one cheap question to the kernel.
    SandboxStats stats();

    /// Kills everything inside and removes every trace. Idempotent; blocks until it is done.
    ///
    /// @return what it used in all
    SandboxStats destroy();

    /// As [#destroy].
    @Override
    default void close() {
        destroy();
    }
}
