package dev.faas.drivers.agent;

import dev.faas.core.common.PlatformException;
import dev.faas.drivers.agent.wire.FrameType;
import dev.faas.drivers.agent.wire.TunnelMessage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;
import java.nio.channels.ClosedChannelException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;

/// A TCP connection into a sandbox. One thread may read while another writes.
public final class AgentTunnel implements ByteChannel {

    private static final Duration CONNECT_LIMIT = Duration.ofSeconds(30);

    private final FrameStream stream;
    private final AtomicBoolean outputShut = new AtomicBoolean();
    private final AtomicBoolean closed = new AtomicBoolean();

    private AgentTunnel(FrameStream stream) {
        this.stream = stream;
    }

    static AgentTunnel connect(FrameConnection connection, int port) {
        if (port < 1 || port > 65_535) {
            throw PlatformException.invalid("port", port + " is not a TCP port");
        }
        var stream = connection.open(new TunnelMessage.Connect("", port), 1);
        try {
            var first = stream.next(CONNECT_LIMIT, "the connection to port " + port);
            if (first instanceof TunnelMessage.Connected) {
                return new AgentTunnel(stream);
            }
            throw AgentProcess.refusal(first, "port " + port + " of the sandbox");
        } catch (PlatformException e) {
            stream.abort();
            throw e;
        }
    }

    @Override
    public int read(ByteBuffer target) throws IOException {
        checkOpen();
        var bytes = new byte[Math.min(target.remaining(), 64 * 1024)];
        int count = stream.read(FrameType.DATA, bytes, 0, bytes.length);
        if (count > 0) {
            target.put(bytes, 0, count);
        }
        return count;
    }

    @Override
    public int write(ByteBuffer source) throws IOException {
        checkOpen();
        int count = source.remaining();
        var bytes = new byte[count];
        source.get(bytes);
        if (!stream.write(FrameType.DATA, bytes, 0, count)) {
            throw new IOException("the connection into the sandbox has ended");
        }
        return count;
    }

    /// Tells the other end that nothing more will be written; reading goes on.
    public void shutdownOutput() throws IOException {
        if (outputShut.compareAndSet(false, true)) {
            stream.end(FrameType.DATA);
        }
    }

    @Override
    public boolean isOpen() {
        return !closed.get();
    }

    @Override
    public void close() {
        if (closed.compareAndSet(false, true) && !stream.isEnded()) {
            stream.abort();
        }
    }

    private void checkOpen() throws ClosedChannelException {
        if (closed.get()) {
            throw new ClosedChannelException();
        }
    }
}
