package dev.faas.drivers.agent;

import dev.faas.drivers.agent.wire.Protocol;
import java.nio.ByteBuffer;

/// Bytes between a connection and a slow reader: grows up to a window, and never beyond. Guarded by its owner.
final class ByteRing {

    private static final int FIRST_CAPACITY = 4096;
    private static final byte[] NOTHING = {};

    private byte[] bytes = NOTHING;
    private int start;
    private int length;

    int length() {
        return length;
    }

    boolean isEmpty() {
        return length == 0;
    }

    /// @throws IllegalStateException beyond a window; the window's bookkeeping comes first
    void put(ByteBuffer source) {
        int count = source.remaining();
        makeRoom(count);
        int end = (start + length) % Math.max(bytes.length, 1);
        int first = Math.min(count, bytes.length - end);
        source.get(bytes, end, first);
        source.get(bytes, 0, count - first);
        length += count;
    }

    int take(byte[] target, int offset, int wanted) {
        int count = Math.min(wanted, length);
        int first = Math.min(count, bytes.length - start);
        System.arraycopy(bytes, start, target, offset, first);
        System.arraycopy(bytes, 0, target, offset + first, count - first);
        drop(count);
        return count;
    }

    /// Drops everything, the memory included.
    void release() {
        length = 0;
        start = 0;
        bytes = NOTHING;
    }

    private void drop(int count) {
        length -= count;
        start = length == 0 ? 0 : (start + count) % bytes.length;
    }

    private void makeRoom(int count) {
        int needed = length + count;
        if (needed <= bytes.length) {
            return;
        }
        if (needed > Protocol.INITIAL_WINDOW) {
            throw new IllegalStateException("more than a window: " + needed);
        }
        int capacity = Math.max(bytes.length, FIRST_CAPACITY);
        while (capacity < needed) {
            capacity *= 2;
        }
        var larger = new byte[Math.min(capacity, Protocol.INITIAL_WINDOW)];
        int kept = length;
        int first = Math.min(kept, bytes.length - start);
        System.arraycopy(bytes, start, larger, 0, first);
        System.arraycopy(bytes, 0, larger, first, kept - first);
        bytes = larger;
        start = 0;
    }
}
