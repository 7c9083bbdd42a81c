package dev.faas.drivers.agent;

import dev.faas.drivers.agent.wire.ConnectionMessage;
import dev.faas.drivers.agent.wire.FrameDecoder;
import dev.faas.drivers.agent.wire.FrameHandler;
import dev.faas.drivers.agent.wire.FrameType;
import dev.faas.drivers.agent.wire.Frames;
import dev.faas.drivers.agent.wire.Message;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/// The other end of a connection, over a real socket, doing what a test tells it: also what no agent would.
final class ScriptedPeer implements AutoCloseable {

    /// One frame of the host: a message, or the size of data.
    record Frame(int stream, Object content) {}

    private final ServerSocketChannel server;
    private final SocketReactor reactor = new SocketReactor("test");
    final FrameConnection host;
    final SocketChannel socket;
    final BlockingQueue<Frame> received = new LinkedBlockingQueue<>();

    ScriptedPeer(Path directory) throws IOException {
        var path = directory.resolve("s");
        server = ServerSocketChannel.open(StandardProtocolFamily.UNIX).bind(UnixDomainSocketAddress.of(path));
        host = reactor.connect(path, FrameConnection.Listener.NONE);
        socket = server.accept();
        Thread.ofVirtual().start(this::read);
        send(0, new ConnectionMessage.Hello(1, "test", 1, "agent"));
    }

    private void read() {
        var decoder = new FrameDecoder(new FrameHandler() {
            @Override
            public void data(FrameType type, int stream, boolean end, ByteBuffer payload) {
                received.add(new Frame(stream, payload.remaining()));
            }

            @Override
            public void message(int stream, Message message) {
                received.add(new Frame(stream, message));
            }
        });
        var buffer = ByteBuffer.allocate(1 << 16);
        try {
            while (socket.read(buffer) >= 0) {
                decoder.feed(buffer.flip());
                buffer.clear();
            }
        } catch (IOException e) {
            // The test has closed the connection.
            return;
        }
    }

    void send(int stream, Message message) throws IOException {
        write(Frames.message(stream, message));
    }

    void send(int stream, FrameType type, byte[] data) throws IOException {
        write(Frames.data(type, stream, false, data, 0, data.length));
    }

    void write(ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            socket.write(bytes);
        }
    }

    /// The host's next frame, which must be of the class.
    <T> T next(Class<T> type) throws InterruptedException {
        var frame = received.poll(10, TimeUnit.SECONDS);
        if (frame == null) {
            throw new AssertionError("no frame arrived; expected " + type);
        }
        return type.cast(frame.content());
    }

    @Override
    public void close() throws IOException {
        host.close();
        socket.close();
        server.close();
        reactor.close();
    }

}
