package dev.faas.drivers.agent.wire;

/// The protocol's numbers.
public final class Protocol {

    /// What HELLO announces.
    public static final int VERSION = 1;
    public static final int HEADER_LENGTH = 12;
    /// Largest payload of any frame.
    public static final int MAX_PAYLOAD = 1_048_576;
    /// Largest payload of a data frame.
    public static final int MAX_DATA = 65_536;
    /// Bytes a sender may have unacknowledged per stream and data type.
    public static final int INITIAL_WINDOW = 262_144;
    /// Streams open at once on one connection.
    public static final int MAX_STREAMS = 4_096;
    /// The last data frame in this direction.
    public static final int FLAG_END = 1;

    private Protocol() {}
}
