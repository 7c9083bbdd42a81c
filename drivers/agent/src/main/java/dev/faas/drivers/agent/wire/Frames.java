package dev.faas.drivers.agent.wire;

import dev.faas.drivers.agent.wire.WireException.Reason;
import java.nio.ByteBuffer;

/// Makes whole frames, ready to be written.
public final class Frames {

    private static final int USUAL_LENGTH = 256;

    private Frames() {}

    /// @throws WireException `TOO_LONG`
    public static ByteBuffer message(int stream, Message message) throws WireException {
        var out = new PayloadWriter(USUAL_LENGTH);
        header(out, message.type(), stream, false, 0);
        message.write(out);
        int length = out.length() - Protocol.HEADER_LENGTH;
        if (length > Protocol.MAX_PAYLOAD) {
            throw new WireException(Reason.TOO_LONG);
        }
        out.putU32(0, length);
        return ByteBuffer.wrap(out.buffer(), 0, out.length());
    }

    /// A data frame with a copy of the bytes.
    public static ByteBuffer data(FrameType type, int stream, boolean end, byte[] bytes, int offset, int count) {
        if (!type.isData() || count > Protocol.MAX_DATA || (end && !type.mayEnd())) {
            throw new IllegalArgumentException("no such data frame: " + type + ", " + count + " bytes, end " + end);
        }
        var out = new PayloadWriter(Protocol.HEADER_LENGTH + count);
        header(out, type, stream, end, count);
        out.raw(bytes, offset, count);
        return ByteBuffer.wrap(out.buffer(), 0, out.length());
    }

    private static void header(PayloadWriter out, FrameType type, int stream, boolean end, int length) {
        out.u32(length).u8(type.number()).u8(end ? Protocol.FLAG_END : 0).u16(0).u32(stream);
    }
}
