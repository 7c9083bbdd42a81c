package dev.faas.drivers.agent;

import dev.faas.drivers.agent.wire.FrameType;
import java.io.IOException;
import java.io.InputStream;

/// One data type of a stream, to be read. A lost connection is a [dev.faas.core.common.PlatformException], as
/// everywhere.
class StreamInput extends InputStream {

    private final FrameStream stream;
    private final FrameType type;
    private boolean atEnd;

    StreamInput(FrameStream stream, FrameType type) {
        this.stream = stream;
        this.type = type;
    }

    @Override
    public int read() throws IOException {
        var one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
    }

    @Override
    public int read(byte[] target, int offset, int count) throws IOException {
        if (atEnd) {
            return -1;
        }
        int got = stream.read(type, target, offset, count);
        if (got < 0) {
            atEnd = true;
            ended();
        }
        return got;
    }

    @Override
    public int available() {
        return stream.available(type);
    }

    /// The end was reached: the place to look whether it is the right one.
    void ended() {}
}
