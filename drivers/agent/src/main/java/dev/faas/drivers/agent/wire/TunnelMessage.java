package dev.faas.drivers.agent.wire;

/// Frames about a TCP connection into a sandbox.
public sealed interface TunnelMessage extends Message {

    /// @param host empty for 127.0.0.1, then ::1
    record Connect(String host, int port) implements TunnelMessage {

        static Connect read(PayloadReader in) throws WireException {
            return new Connect(in.text(), in.u16());
        }

        @Override
        public FrameType type() {
            return FrameType.CONNECT;
        }

        @Override
        public void write(PayloadWriter out) {
            out.text(host).u16(port);
        }
    }

    record Connected() implements TunnelMessage {

        static Connected read(PayloadReader in) {
            return new Connected();
        }

        @Override
        public FrameType type() {
            return FrameType.CONNECTED;
        }

        @Override
        public void write(PayloadWriter out) {}
    }
}
