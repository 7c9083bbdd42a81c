package dev.faas.drivers.agent.wire;

import java.io.IOException;
import java.util.Locale;

/// Bytes that are not a frame of this protocol. Always fatal for the connection they arrived on.
public final class WireException extends IOException {

    private static final long serialVersionUID = 1L;

    private final Reason reason;

    public WireException(Reason reason) {
        super(reason.wire());
        this.reason = reason;
    }

    public Reason reason() {
        return reason;
    }

    /// Which rule was broken.
    public enum Reason {
        TOO_LONG,
        UNKNOWN_TYPE,
        BAD_FLAGS,
        RESERVED,
        WRONG_STREAM,
        TRUNCATED,
        BAD_COUNT,
        BAD_BOOL,
        /// More data than the window allows, or more credit than data was sent.
        WINDOW,
        /// A frame that makes no sense where it arrived.
        UNEXPECTED;

        public String wire() {
            return name().toLowerCase(Locale.ROOT);
        }
    }
}
