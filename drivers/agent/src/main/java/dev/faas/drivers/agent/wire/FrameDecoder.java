package dev.faas.drivers.agent.wire;

import dev.faas.drivers.agent.wire.WireException.Reason;
import java.nio.ByteBuffer;
import java.util.Arrays;

/// Cuts a byte stream into frames, however it arrives. Whole frames are decoded where they lie; only the beginning of
/// a frame whose rest hasn't arrived is kept, so an idle connection holds no buffer and no connection more than one
/// frame. Confined to one thread.
public final class FrameDecoder {

    private static final byte[] NOTHING = {};
    /// A held buffer beyond this is given back with the frame it was made for.
    private static final int KEEP = 4096;

    private final FrameHandler handler;
    private byte[] held = NOTHING;
    private int heldLength;

    public FrameDecoder(FrameHandler handler) {
        this.handler = handler;
    }

    /// Takes all bytes of the buffer and hands over every frame they complete.
    ///
    /// @throws WireException at the first byte that breaks a rule; the decoder can't be used afterwards
    public void feed(ByteBuffer in) throws WireException {
        while (in.hasRemaining()) {
            if (heldLength > 0) {
                complete(in);
            } else if (!whole(in)) {
                hold(in, in.remaining());
            }
        }
    }

    /// Whether the stream stands between two frames.
    public boolean isBetweenFrames() {
        return heldLength == 0;
    }

    private boolean whole(ByteBuffer in) throws WireException {
        if (in.remaining() < Protocol.HEADER_LENGTH) {
            return false;
        }
        var header = Header.at(in, in.position());
        int end = in.position() + Protocol.HEADER_LENGTH + header.length;
        if (end > in.limit()) {
            return false;
        }
        int limit = in.limit();
        in.position(in.position() + Protocol.HEADER_LENGTH).limit(end);
        deliver(header, in);
        in.limit(limit).position(end);
        return true;
    }

    private void complete(ByteBuffer in) throws WireException {
        if (heldLength < Protocol.HEADER_LENGTH) {
            hold(in, Protocol.HEADER_LENGTH - heldLength);
            if (heldLength < Protocol.HEADER_LENGTH) {
                return;
            }
        }
        var header = Header.at(ByteBuffer.wrap(held), 0);
        int total = Protocol.HEADER_LENGTH + header.length;
        hold(in, total - heldLength);
        if (heldLength == total) {
            heldLength = 0;
            deliver(header, ByteBuffer.wrap(held, Protocol.HEADER_LENGTH, header.length));
            if (held.length > KEEP) {
                held = NOTHING;
            }
        }
    }

    private void hold(ByteBuffer in, int wanted) {
        int count = Math.min(wanted, in.remaining());
        if (held.length < heldLength + count) {
            held = Arrays.copyOf(held, Math.max(heldLength + count, Math.min(2 * held.length, Protocol.MAX_PAYLOAD)));
        }
        in.get(held, heldLength, count);
        heldLength += count;
    }

    private void deliver(Header header, ByteBuffer payload) throws WireException {
        if (header.type.isData()) {
            handler.data(header.type, header.stream, header.end, payload);
        } else {
            handler.message(header.stream, header.type.read(new PayloadReader(payload)));
        }
    }

    /// The twelve bytes before a payload, checked in the order the vectors demand.
    private record Header(int length, FrameType type, boolean end, int stream) {

        static Header at(ByteBuffer in, int start) throws WireException {
            long length = in.getInt(start) & 0xFFFF_FFFFL;
            check(length <= Protocol.MAX_PAYLOAD, Reason.TOO_LONG);
            var type = FrameType.of(in.get(start + 4) & 0xFF);
            check(!type.isData() || length <= Protocol.MAX_DATA, Reason.TOO_LONG);
            int flags = in.get(start + 5) & 0xFF;
            check(flags == 0 || (flags == Protocol.FLAG_END && type.mayEnd()), Reason.BAD_FLAGS);
            check(in.getShort(start + 6) == 0, Reason.RESERVED);
            int stream = in.getInt(start + 8);
            check(type.mayAppearOn(stream), Reason.WRONG_STREAM);
            return new Header((int) length, type, flags != 0, stream);
        }

        private static void check(boolean holds, Reason reason) throws WireException {
            if (!holds) {
                throw new WireException(reason);
            }
        }
    }
}
