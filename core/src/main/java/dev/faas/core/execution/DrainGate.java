package dev.faas.core.execution;

import dev.faas.core.common.ErrorCode;
import dev.faas.core.common.PlatformException;
import dev.faas.core.common.TimeSource;
import java.time.Duration;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/// Counts what is inside, until it is shut: then nothing more enters and one can wait for the last to leave. Thread-safe.
final class DrainGate {

    private final TimeSource time;
    private final ReentrantLock gateLock = new ReentrantLock();
    private final Condition changed = gateLock.newCondition();
    private int inside;
    private boolean isShut;

    DrainGate(TimeSource time) {
        this.time = time;
    }

    /// @throws PlatformException `SHUTTING_DOWN`
    void enter() {
        gateLock.lock();
        try {
            if (isShut) {
                throw new PlatformException(ErrorCode.SHUTTING_DOWN, "the server is shutting down");
            }
            inside++;
        } finally {
            gateLock.unlock();
        }
    }

    /// For work on behalf of somebody inside that may outlast them: it isn't turned away any more.
    void follow() {
        gateLock.lock();
        try {
            inside++;
        } finally {
            gateLock.unlock();
        }
    }

    void leave() {
        gateLock.lock();
        try {
            inside--;
            if (inside == 0) {
                changed.signalAll();
            }
        } finally {
            gateLock.unlock();
        }
    }

    boolean isOpen() {
        gateLock.lock();
        try {
            return !isShut;
        } finally {
            gateLock.unlock();
        }
    }

    void shut() {
        gateLock.lock();
        try {
            isShut = true;
        } finally {
            gateLock.unlock();
        }
    }

    /// @return whether all have left in time
    boolean awaitEmpty(Duration patience) {
        var wait = new Wait();
        var alarm = time.schedule(patience, wait::end);
        gateLock.lock();
        try {
            while (inside > 0 && !wait.isOver) {
                changed.awaitUninterruptibly();
            }
            return inside == 0;
        } finally {
            gateLock.unlock();
            alarm.cancel();
        }
    }

    private final class Wait {

        private boolean isOver;

        private void end() {
            gateLock.lock();
            try {
                isOver = true;
                changed.signalAll();
            } finally {
                gateLock.unlock();
            }
        }
    }
}
