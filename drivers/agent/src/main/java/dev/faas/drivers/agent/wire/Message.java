package dev.faas.drivers.agent.wire;

/// The payload of any frame that isn't data. Numbers the wire has no sign for are kept in the next larger type; u64
/// in a `long`.
public sealed interface Message
        permits ConnectionMessage, ProcessMessage, FileMessage, TunnelMessage, SpawnerMessage, ControlMessage {

    FrameType type();

    /// Appends the fields in the order of the document.
    void write(PayloadWriter out);
}
