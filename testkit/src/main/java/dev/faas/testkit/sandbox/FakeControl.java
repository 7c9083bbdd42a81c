package dev.faas.testkit.sandbox;

import dev.faas.core.common.PlatformException;
import dev.faas.core.sandbox.Limits;
import dev.faas.core.sandbox.SandboxControl;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;

/// Freezes a sandbox in memory: whatever asks it for something waits. Thread-safe.
final class FakeControl implements SandboxControl {

    private final FakeSandbox sandbox;
    private final Consumer<FakeSandbox> beforeChange;
    private final Runnable requireAlive;
    private final ReentrantLock frozenLock = new ReentrantLock();
    private final Condition changed = frozenLock.newCondition();
    private boolean isFrozen;
    private boolean isReleased;
    private Limits limits;

    FakeControl(FakeSandbox sandbox, Consumer<FakeSandbox> beforeChange, Runnable requireAlive) {
        this.sandbox = sandbox;
        this.beforeChange = beforeChange;
        this.requireAlive = requireAlive;
        limits = sandbox.spec().limits();
    }

    @Override
    public void freeze() {
        change(true);
    }

    @Override
    public void thaw() {
        change(false);
    }

    @Override
    public void limit(Limits newLimits) {
        requireAlive.run();
        if (newLimits.memory().mebibytes() < 8) {
            throw PlatformException.invalid("memory_mb", "the sandbox uses more than that");
        }
        frozenLock.lock();
        try {
            limits = newLimits;
        } finally {
            frozenLock.unlock();
        }
    }

    Limits limits() {
        frozenLock.lock();
        try {
            return limits;
        } finally {
            frozenLock.unlock();
        }
    }

    boolean isFrozen() {
        frozenLock.lock();
        try {
            return isFrozen;
        } finally {
            frozenLock.unlock();
        }
    }

    void awaitThawed() {
        frozenLock.lock();
        try {
            while (isFrozen && !isReleased) {
                changed.awaitUninterruptibly();
            }
        } finally {
            frozenLock.unlock();
        }
    }

    /// The sandbox has ended: nobody waits for it any more.
    void release() {
        frozenLock.lock();
        try {
            isReleased = true;
            changed.signalAll();
        } finally {
            frozenLock.unlock();
        }
    }

    private void change(boolean toFrozen) {
        beforeChange.accept(sandbox);
        requireAlive.run();
        frozenLock.lock();
        try {
            isFrozen = toFrozen;
            changed.signalAll();
        } finally {
            frozenLock.unlock();
        }
    }
}
