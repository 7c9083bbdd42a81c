package dev.faas.drivers.agent.wire;

import java.nio.ByteBuffer;

/// Takes the frames a [FrameDecoder] finds, in order. What it throws ends the connection.
public interface FrameHandler {

    /// @param payload valid during the call only
    void data(FrameType type, int stream, boolean end, ByteBuffer payload) throws WireException;

    void message(int stream, Message message) throws WireException;
}
