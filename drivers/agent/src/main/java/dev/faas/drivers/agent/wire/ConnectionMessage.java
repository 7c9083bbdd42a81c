package dev.faas.drivers.agent.wire;

/// Frames about the connection itself, and those every stream may carry.
public sealed interface ConnectionMessage extends Message {

    /// The first frame of a peer.
    record Hello(int protocol, String version, long bootId, String role) implements ConnectionMessage {

        static Hello read(PayloadReader in) throws WireException {
            return new Hello(in.u16(), in.text(), in.u64(), in.text());
        }

        @Override
        public FrameType type() {
            return FrameType.HELLO;
        }

        @Override
        public void write(PayloadWriter out) {
            out.u16(protocol).text(version).u64(bootId).text(role);
        }
    }

    record Ping(long token) implements ConnectionMessage {

        static Ping read(PayloadReader in) throws WireException {
            return new Ping(in.u64());
        }

        @Override
        public FrameType type() {
            return FrameType.PING;
        }

        @Override
        public void write(PayloadWriter out) {
            out.u64(token);
        }
    }

    record Pong(long token) implements ConnectionMessage {

        static Pong read(PayloadReader in) throws WireException {
            return new Pong(in.u64());
        }

        @Override
        public FrameType type() {
            return FrameType.PONG;
        }

        @Override
        public void write(PayloadWriter out) {
            out.u64(token);
        }
    }

    /// The receiver of `dataType` took `bytes`: as many more may be sent.
    record Credit(int dataType, long bytes) implements ConnectionMessage {

        static Credit read(PayloadReader in) throws WireException {
            return new Credit(in.u8(), in.u32());
        }

        @Override
        public FrameType type() {
            return FrameType.CREDIT;
        }

        @Override
        public void write(PayloadWriter out) {
            out.u8(dataType).u32(bytes);
        }
    }

    /// The host gives up on a stream.
    record Close() implements ConnectionMessage {

        static Close read(PayloadReader in) {
            return new Close();
        }

        @Override
        public FrameType type() {
            return FrameType.CLOSE;
        }

        @Override
        public void write(PayloadWriter out) {}
    }

    /// Final on a stream; on stream 0 the connection is about to end.
    record Failure(String code, int errno, String message) implements ConnectionMessage {

        static Failure read(PayloadReader in) throws WireException {
            return new Failure(in.text(), in.i32(), in.text());
        }

        @Override
        public FrameType type() {
            return FrameType.ERROR;
        }

        @Override
        public void write(PayloadWriter out) {
            out.text(code).u32(errno).text(message);
        }
    }

    record Shutdown() implements ConnectionMessage {

        static Shutdown read(PayloadReader in) {
            return new Shutdown();
        }

        @Override
        public FrameType type() {
            return FrameType.SHUTDOWN;
        }

        @Override
        public void write(PayloadWriter out) {}
    }
}
