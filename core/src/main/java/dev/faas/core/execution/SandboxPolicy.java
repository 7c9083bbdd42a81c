package dev.faas.core.execution;

import dev.faas.core.common.ErrorCode;
import dev.faas.core.common.PlatformException;
import dev.faas.core.image.Image;
import dev.faas.core.pool.SandboxOrder;
import dev.faas.core.pool.SandboxPools;
import dev.faas.core.sandbox.Sandbox;
import dev.faas.core.sandbox.SandboxProcess;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/// What an [ExecutionMode] means: where the sandbox comes from and what happens to it afterwards. This is the one place where modes differ.
sealed interface SandboxPolicy {

    /// The image, where the sandbox decides it and not the request.
    Optional<Image> image();

    Sandbox acquire(SandboxOrder order);

    /// In place of a pooled sandbox that broke before anything ran in it: one that was never in a pool.
    Sandbox replace(SandboxOrder order);

    /// Called exactly once for each sandbox acquired, after the answer; blocks until the sandbox takes no place any more.
    void release(Sandbox sandbox);

    /// Whether the sandbox outlives the execution, and others may be at work in it.
    boolean isKept();

    /// Frees the task that still waits for a process nothing ends.
    ///
    /// @param task its thread
    void giveUp(Sandbox sandbox, SandboxProcess process, Thread task);

    /// @throws PlatformException `NOT_IMPLEMENTED` with the reason
    static SandboxPolicy of(ExecutionRequest request, SandboxPools pools, StandingSandboxes standing) {
        var mode = request.mode();
        return switch (mode) {
            // Whether anything has to run at all is decided before: see SharedRuns.
            case EPHEMERAL, CACHED -> new Ephemeral(pools);
            case PERSISTENT -> new Standing(standing, request.tenant(), request.instance());
            case CHECKPOINTED, BRANCHED -> throw missing(mode, "it needs process snapshots");
        };
    }

    private static PlatformException missing(ExecutionMode mode, String reason) {
        return new PlatformException(
                ErrorCode.NOT_IMPLEMENTED,
                "mode '" + mode.wire() + "' is not part of this version: " + reason + "; use ephemeral");
    }

    /// A sandbox of its own for each execution, never used before and never again.
    record Ephemeral(SandboxPools pools) implements SandboxPolicy {

        @Override
        public Optional<Image> image() {
            return Optional.empty();
        }

        @Override
        public Sandbox acquire(SandboxOrder order) {
            return pools.acquire(order);
        }

        @Override
        public Sandbox replace(SandboxOrder order) {
            return pools.make(order);
        }

        @Override
        public void release(Sandbox sandbox) {
            sandbox.destroy();
        }

        @Override
        public boolean isKept() {
            return false;
        }

        @Override
        public void giveUp(Sandbox sandbox, SandboxProcess process, Thread task) {
            sandbox.destroy();
        }
    }

    /// The sandbox of an instance. Serves one execution.
    final class Standing implements SandboxPolicy {

        private final StandingSandboxes sandboxes;
        private final String tenant;
        private final String instance;
        private final AtomicReference<StandingSandboxes.@Nullable Stay> stay = new AtomicReference<>();

        private Standing(StandingSandboxes sandboxes, String tenant, String instance) {
            this.sandboxes = sandboxes;
            this.tenant = tenant;
            this.instance = instance;
        }

        @Override
        public Optional<Image> image() {
            return Optional.of(sandboxes.image(tenant, instance));
        }

        @Override
        public Sandbox acquire(SandboxOrder order) {
            var entered = sandboxes.enter(tenant, instance);
            stay.set(entered);
            return entered.sandbox();
        }

        /// An instance is what it is.
        @Override
        public Sandbox replace(SandboxOrder order) {
            throw new PlatformException(ErrorCode.SANDBOX_FAILED, "instance " + instance + " has no other sandbox");
        }

        @Override
        public void release(Sandbox sandbox) {
            var entered = stay.getAndSet(null);
            if (entered != null) {
                entered.close();
            }
        }

        @Override
        public boolean isKept() {
            return true;
        }

        /// The others in the sandbox go on, so only the waiting ends; the agent kills the process as soon as it can.
        @Override
        public void giveUp(Sandbox sandbox, SandboxProcess process, Thread task) {
            process.discardOutput();
            task.interrupt();
        }
    }
}
