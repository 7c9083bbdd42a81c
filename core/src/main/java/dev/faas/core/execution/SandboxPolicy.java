package dev.faas.core.execution;

import dev.faas.core.common.ErrorCode;
import dev.faas.core.common.PlatformException;
import dev.faas.core.sandbox.Sandbox;
import dev.faas.core.sandbox.SandboxDriver;
import dev.faas.core.sandbox.SandboxSpec;

/// What an [ExecutionMode] means: where the sandbox comes from and what happens to it afterwards. This is the one place where modes differ.
sealed interface SandboxPolicy {

    Sandbox acquire(SandboxDriver driver, SandboxSpec spec);

    /// Called exactly once for each sandbox acquired, after the answer; blocks until the sandbox takes no place any more.
    void release(Sandbox sandbox);

    /// @throws PlatformException `NOT_IMPLEMENTED` with the reason
    static SandboxPolicy of(ExecutionMode mode) {
        return switch (mode) {
            case EPHEMERAL -> new Ephemeral();
            case CACHED -> throw missing(mode, "it needs the warm pool");
            case CHECKPOINTED, BRANCHED -> throw missing(mode, "it needs process snapshots");
            case PERSISTENT -> throw missing(mode, "it needs instances");
        };
    }

    private static PlatformException missing(ExecutionMode mode, String reason) {
        return new PlatformException(
                ErrorCode.NOT_IMPLEMENTED,
                "mode '" + mode.wire() + "' is not part of this version: " + reason + "; use ephemeral");
    }

    /// A fresh sandbox for each execution.
    record Ephemeral() implements SandboxPolicy {

        @Override
        public Sandbox acquire(SandboxDriver driver, SandboxSpec spec) {
            return driver.create(spec);
        }

        @Override
        public void release(Sandbox sandbox) {
            sandbox.destroy();
        }
    }
}
