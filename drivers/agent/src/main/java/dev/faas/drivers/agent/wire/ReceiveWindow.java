package dev.faas.drivers.agent.wire;

import dev.faas.drivers.agent.wire.WireException.Reason;

/// What the other side may still send of one data type on one stream, and the credit owed to it.
/// Confined, or guarded by its owner.
public final class ReceiveWindow {

    /// Credit is returned in pieces of at least this size, so that small reads don't double the frames.
    public static final int CREDIT_STEP = Protocol.INITIAL_WINDOW / 4;

    private int available = Protocol.INITIAL_WINDOW;
    private int consumed;

    public void received(int count) throws WireException {
        if (count > available) {
            throw new WireException(Reason.WINDOW);
        }
        available -= count;
    }

    /// Books what the reader took; answers the credit to send now, or 0.
    public int consumed(int count) {
        consumed += count;
        if (consumed < CREDIT_STEP) {
            return 0;
        }
        int credit = consumed;
        consumed = 0;
        available += credit;
        return credit;
    }
}
