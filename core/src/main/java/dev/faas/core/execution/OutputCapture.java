package dev.faas.core.execution;

import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.concurrent.locks.ReentrantLock;

/// Keeps the beginning of a stream, up to a limit and as far as the budget goes, and counts the rest. One thread writes; any thread reads.
final class OutputCapture extends OutputStream {

    private static final int FIRST_SIZE = 512;

    private final long limit;
    private final OutputBudget budget;
    private final ReentrantLock bufferLock = new ReentrantLock();
    private byte[] buffer = {};
    private int kept;
    private long seen;
    private boolean isFull;

    OutputCapture(long limit, OutputBudget budget) {
        this.limit = Math.min(limit, Integer.MAX_VALUE - Long.BYTES);
        this.budget = budget;
    }

    @Override
    public void write(int octet) {
        write(new byte[] {(byte) octet}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) {
        write(ByteBuffer.wrap(bytes, offset, length));
    }

    void write(ByteBuffer bytes) {
        int length = bytes.remaining();
        bufferLock.lock();
        try {
            seen += length;
            int wanted = isFull ? 0 : (int) Math.min(length, limit - kept);
            int room = makeRoom(wanted);
            bytes.get(buffer, kept, room);
            kept += room;
            // Once a byte is missing nothing after it is kept: what is returned is always the beginning.
            isFull |= room < length;
        } finally {
            bufferLock.unlock();
        }
    }

    /// @return how many of the wanted bytes fit
    private int makeRoom(int wanted) {
        int needed = kept + wanted;
        if (needed <= buffer.length) {
            return wanted;
        }
        int size = (int) Math.min(limit, Math.max(Math.max(FIRST_SIZE, needed), buffer.length * 2L));
        if (!budget.take(size - buffer.length)) {
            return Math.min(wanted, buffer.length - kept);
        }
        buffer = Arrays.copyOf(buffer, size);
        return wanted;
    }

    /// Ends the keeping and hands over what was kept. Later bytes are only counted.
    byte[] seal() {
        bufferLock.lock();
        try {
            isFull = true;
            if (kept < buffer.length) {
                budget.giveBack(buffer.length - kept);
                buffer = Arrays.copyOf(buffer, kept);
            }
            return buffer;
        } finally {
            bufferLock.unlock();
        }
    }

    /// A copy of what is kept from a position on.
    byte[] from(int position) {
        bufferLock.lock();
        try {
            return position >= kept ? new byte[0] : Arrays.copyOfRange(buffer, position, kept);
        } finally {
            bufferLock.unlock();
        }
    }

    /// How many bytes came, kept or not.
    long seen() {
        bufferLock.lock();
        try {
            return seen;
        } finally {
            bufferLock.unlock();
        }
    }

    boolean isTruncated() {
        bufferLock.lock();
        try {
            return seen > kept;
        } finally {
            bufferLock.unlock();
        }
    }

    /// Returns what was taken from the budget, once nobody needs the bytes any more.
    void release() {
        bufferLock.lock();
        try {
            budget.giveBack(buffer.length);
            buffer = new byte[0];
            kept = 0;
            isFull = true;
        } finally {
            bufferLock.unlock();
        }
    }
}
