package dev.faas.drivers.agent;

import dev.faas.drivers.agent.wire.ReceiveWindow;
import dev.faas.drivers.agent.wire.WireException;
import java.nio.ByteBuffer;

/// Data of one type on its way to a reader, and the window it arrived through. Guarded by its owner.
final class Inbox {

    private final ByteRing ring = new ByteRing();
    private final ReceiveWindow window = new ReceiveWindow();
    private boolean closed;

    int length() {
        return ring.length();
    }

    boolean isEmpty() {
        return ring.isEmpty();
    }

    /// Whether the peer has said that nothing follows.
    boolean isClosed() {
        return closed;
    }

    void close() {
        closed = true;
    }

    /// @return credit owed at once: none
    int put(ByteBuffer payload) throws WireException {
        window.received(payload.remaining());
        ring.put(payload);
        return 0;
    }

    /// Drops arriving bytes.
    ///
    /// @return the credit to send
    int skip(int count) throws WireException {
        window.received(count);
        return window.consumed(count);
    }

    int take(byte[] target, int offset, int wanted) {
        return ring.take(target, offset, wanted);
    }

    int clear() {
        return ring.clear();
    }

    /// @return the credit to send
    int consumed(int count) {
        return window.consumed(count);
    }
}
