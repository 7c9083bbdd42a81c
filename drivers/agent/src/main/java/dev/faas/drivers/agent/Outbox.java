package dev.faas.drivers.agent;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/// Frames on their way out. Whoever claims them writes them, with no lock held; frames that are added meanwhile go
/// with the next claim, in one system call. Thread-safe.
final class Outbox {

    /// Who adds data waits while more bytes than this are queued.
    static final int LIMIT = 1 << 20;

    private static final ByteBuffer[] NONE = {};

    private final ReentrantLock outboxLock = new ReentrantLock();
    private final Condition changed = outboxLock.newCondition();
    private final ArrayDeque<ByteBuffer> queue = new ArrayDeque<>();
    private long queuedBytes;
    private boolean claimed;
    private boolean closed;

    void add(ByteBuffer frame) {
        outboxLock.lock();
        try {
            if (!closed) {
                queue.add(frame);
                queuedBytes += frame.remaining();
            }
        } finally {
            outboxLock.unlock();
        }
    }

    /// Everything queued, for the caller to write and then [#release]; nothing when another thread has a claim.
    ByteBuffer[] claim() {
        outboxLock.lock();
        try {
            return claimed ? NONE : takeAll();
        } finally {
            outboxLock.unlock();
        }
    }

    /// As [#claim] for a thread that does nothing but write: waits for frames; nothing when the outbox is closed.
    ByteBuffer[] awaitClaim() {
        outboxLock.lock();
        try {
            while (queue.isEmpty() && !closed) {
                changed.awaitUninterruptibly();
            }
            return takeAll();
        } finally {
            outboxLock.unlock();
        }
    }

    /// Ends a claim; all of it is written, or put back.
    void release() {
        outboxLock.lock();
        try {
            claimed = false;
            changed.signalAll();
        } finally {
            outboxLock.unlock();
        }
    }

    /// Puts what wasn't written to the front again. The claim stays, so that nobody else tries meanwhile.
    void putBack(ByteBuffer[] frames) {
        outboxLock.lock();
        try {
            for (int i = frames.length - 1; i >= 0 && frames[i].hasRemaining() && !closed; i--) {
                queue.addFirst(frames[i]);
                queuedBytes += frames[i].remaining();
            }
        } finally {
            outboxLock.unlock();
        }
    }

    /// Wakes the thread in [#awaitClaim].
    void wake() {
        outboxLock.lock();
        try {
            changed.signalAll();
        } finally {
            outboxLock.unlock();
        }
    }

    void awaitRoom() throws InterruptedException {
        outboxLock.lockInterruptibly();
        try {
            while (queuedBytes > LIMIT && !closed) {
                changed.await();
            }
        } finally {
            outboxLock.unlock();
        }
    }

    void close() {
        outboxLock.lock();
        try {
            closed = true;
            queue.clear();
            queuedBytes = 0;
            changed.signalAll();
        } finally {
            outboxLock.unlock();
        }
    }

    private ByteBuffer[] takeAll() {
        if (queue.isEmpty()) {
            return NONE;
        }
        claimed = true;
        var frames = queue.toArray(NONE);
        queue.clear();
        queuedBytes = 0;
        return frames;
    }
}
