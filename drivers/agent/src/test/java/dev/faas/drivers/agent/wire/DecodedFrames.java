package dev.faas.drivers.agent.wire;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/// Collects what a decoder finds: in words, and encoded again.
final class DecodedFrames implements FrameHandler {

    final List<String> words = new ArrayList<>();
    final List<ByteBuffer> encoded = new ArrayList<>();

    @Override
    public void data(FrameType type, int stream, boolean end, ByteBuffer payload) {
        var bytes = new byte[payload.remaining()];
        payload.get(bytes);
        words.add(Words.data(type, stream, end, bytes));
        encoded.add(Frames.data(type, stream, end, bytes, 0, bytes.length));
    }

    @Override
    public void message(int stream, Message message) throws WireException {
        words.add(Words.message(stream, message));
        encoded.add(Frames.message(stream, message));
    }
}
