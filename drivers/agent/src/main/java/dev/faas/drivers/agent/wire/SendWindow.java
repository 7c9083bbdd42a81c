package dev.faas.drivers.agent.wire;

import dev.faas.drivers.agent.wire.WireException.Reason;

/// What this side may still send of one data type on one stream. Confined, or guarded by its owner.
public final class SendWindow {

    private int available = Protocol.INITIAL_WINDOW;

    public int available() {
        return available;
    }

    /// Takes at most `wanted` bytes out of the window.
    public int take(int wanted) {
        int taken = Math.min(wanted, available);
        available -= taken;
        return taken;
    }

    public void credit(long bytes) throws WireException {
        if (bytes > Protocol.INITIAL_WINDOW - available) {
            throw new WireException(Reason.WINDOW);
        }
        available += (int) bytes;
    }
}
