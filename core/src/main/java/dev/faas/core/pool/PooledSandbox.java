package dev.faas.core.pool;

import dev.faas.core.image.Image;
import dev.faas.core.sandbox.Command;
import dev.faas.core.sandbox.Isolation;
import dev.faas.core.sandbox.Origin;
import dev.faas.core.sandbox.Sandbox;
import dev.faas.core.sandbox.SandboxControl;
import dev.faas.core.sandbox.SandboxFiles;
import dev.faas.core.sandbox.SandboxProcess;
import dev.faas.core.sandbox.SandboxStats;
import java.nio.channels.ByteChannel;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;

/// A sandbox that was ready before its user came; from now on it is the user's and never comes back. Thread-safe.
final class PooledSandbox implements Sandbox {

    private final Sandbox made;
    private final Runnable onDestroyed;
    private final AtomicBoolean destroyed = new AtomicBoolean();

    /// @param onDestroyed called once
    PooledSandbox(Sandbox made, Runnable onDestroyed) {
        this.made = made;
        this.onDestroyed = onDestroyed;
    }

    @Override
    public Origin origin() {
        return Origin.POOLED;
    }

    @Override
    public String id() {
        return made.id();
    }

    @Override
    public Isolation isolation() {
        return made.isolation();
    }

    @Override
    public Image image() {
        return made.image();
    }

    @Override
    public Duration startTime() {
        return made.startTime();
    }

    @Override
    public boolean isAlive() {
        return made.isAlive();
    }

    @Override
    public SandboxProcess start(Command command) {
        return made.start(command);
    }

    @Override
    public SandboxProcess start(Command command, byte[] input) {
        return made.start(command, input);
    }

    @Override
    public SandboxFiles files() {
        return made.files();
    }

    @Override
    public ByteChannel connect(int port) {
        return made.connect(port);
    }

    @Override
    public Optional<SandboxControl> control() {
        return made.control();
    }

    @Override
    public SandboxStats stats() {
        return made.stats();
    }

    @Override
    public SandboxStats destroy() {
        try {
            return made.destroy();
        } finally {
            if (destroyed.compareAndSet(false, true)) {
                onDestroyed.run();
            }
        }
    }
}
