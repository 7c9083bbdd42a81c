package dev.faas.drivers.agent;

import dev.faas.drivers.agent.wire.FrameType;
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

    void put(ByteBuffer payload) throws WireException {
        window.received(payload.remaining());
        ring.put(payload);
    }

    /// Counts bytes that go past the ring.
    ///
    /// @return the credit to send
    int skip(int count) throws WireException {
        window.received(count);
        return window.consumed(count);
    }

    int take(byte[] target, int offset, int wanted) {
        return ring.take(target, offset, wanted);
    }

    /// @return how many bytes the sink was given
    int drainTo(FrameType type, FrameStream.DataSink sink) {
        var bytes = new byte[ring.length()];
        ring.take(bytes, 0, bytes.length);
        if (bytes.length > 0) {
            sink.take(type, ByteBuffer.wrap(bytes));
        }
        ring.release();
        return bytes.length;
    }

    /// @return the credit to send
    int consumed(int count) {
        return window.consumed(count);
    }
}
