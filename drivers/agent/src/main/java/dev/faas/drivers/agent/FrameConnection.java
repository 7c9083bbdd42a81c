package dev.faas.drivers.agent;

import dev.faas.core.common.ErrorCode;
import dev.faas.core.common.PlatformException;
import dev.faas.drivers.agent.wire.ConnectionMessage;
import dev.faas.drivers.agent.wire.FrameDecoder;
import dev.faas.drivers.agent.wire.FrameHandler;
import dev.faas.drivers.agent.wire.FrameType;
import dev.faas.drivers.agent.wire.Frames;
import dev.faas.drivers.agent.wire.Message;
import dev.faas.drivers.agent.wire.Protocol;
import dev.faas.drivers.agent.wire.SpawnerMessage;
import dev.faas.drivers.agent.wire.WireException;
import dev.faas.drivers.agent.wire.WireException.Reason;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// The host's end of one connection to an agent or a spawner: many streams at once over one transport. Thread-safe.
///
/// The peer is not trusted: whatever it sends, memory is bounded by the windows, and a breach of the protocol ends
/// the connection.
public final class FrameConnection implements AutoCloseable {

    private static final byte[] NO_DATA = {};

    private final Transport transport;
    private final Listener listener;
    private final Map<Integer, FrameStream> streams = new ConcurrentHashMap<>();
    private final ReentrantLock openLock = new ReentrantLock();
    /// The newest stream's id, guarded by the open lock for writing.
    private volatile int newestStream;
    private volatile @Nullable Loss loss;
    /// Whether the transport has ended; why is known a moment later.
    private volatile boolean isOver;

    FrameConnection(Transport transport, Listener listener) {
        this.transport = transport;
        this.listener = listener;
        transport.start(new Inbound());
    }

    /// A connection over a pair of blocking streams.
    ///
    /// @param owner closed when the connection ends, after the streams
    public static FrameConnection over(
            String name, InputStream in, OutputStream out, AutoCloseable owner, Listener listener) {
        return new FrameConnection(new StreamTransport(name, in, out, owner), listener);
    }

    /// Opens a stream with its first message.
    ///
    /// @param heldMessages messages the stream keeps for its reader at most; more is a breach of the protocol
    public FrameStream open(Message opening, int heldMessages) {
        return open(opening, heldMessages, FrameType.DATA, NO_DATA);
    }

    /// As [#open], with the beginning of the stream's data in the same write: all of it and its end, if the first window takes it.
    FrameStream open(Message opening, int heldMessages, FrameType type, byte[] data) {
        FrameStream stream;
        openLock.lock();
        try {
            checkAlive();
            if (streams.size() >= Protocol.MAX_STREAMS) {
                throw new PlatformException(
                        ErrorCode.CAPACITY_EXHAUSTED,
                        "a sandbox does at most " + Protocol.MAX_STREAMS + " things at once");
            }
            int id = newestStream + 1;
            var frame = encode(id, opening);
            newestStream = id;
            stream = new FrameStream(this, id, heldMessages);
            streams.put(id, stream);
            // Under the lock: the peer sees ids in ascending order. It is an append, nothing is written here.
            transport.enqueue(frame);
            if (data.length > 0) {
                stream.takeFirst(type, data).forEach(transport::enqueue);
            }
        } finally {
            openLock.unlock();
        }
        transport.flush();
        var lost = loss;
        if (lost != null) {
            stream.lose(lost);
        }
        return stream;
    }

    /// Opens a stream that has nothing but a final answer, and waits for that.
    public Message ask(Message question) {
        return open(question, 0).awaitLast();
    }

    /// As [#ask], whatever interrupts there are: for questions whose answer must not get lost.
    ///
    /// @throws PlatformException also when there is no answer in time; what the question did is unknown then
    public Message ask(Message question, Duration limit) {
        return open(question, 0).awaitLast(limit);
    }

    /// Whether the connection still works as far as is known.
    public boolean isAlive() {
        return loss == null && !isOver;
    }

    /// Ends every stream, and refuses new ones, for the reason given; the first reason counts.
    public void abandon(String reason) {
        abandon(reason, null);
    }

    private void abandon(String reason, @Nullable Throwable cause) {
        openLock.lock();
        try {
            if (loss == null) {
                loss = new Loss(reason, cause);
            }
        } finally {
            openLock.unlock();
        }
        var lost = loss;
        if (lost != null) {
            streams.values().forEach(stream -> stream.lose(lost));
            streams.clear();
        }
    }

    /// Asks the peer to end: an agent kills all processes, a spawner destroys all sandboxes.
    public void shutdown() {
        send(0, new ConnectionMessage.Shutdown());
    }

    @Override
    public void close() {
        abandon("the connection was closed");
        transport.close();
    }

    void send(int stream, Message message) {
        transport.enqueue(encode(stream, message));
        transport.flush();
    }

    void sendData(FrameType type, int stream, boolean end, byte[] bytes, int offset, int count)
            throws InterruptedException {
        transport.awaitRoom();
        transport.enqueue(Frames.data(type, stream, end, bytes, offset, count));
        transport.flush();
    }

    private void checkAlive() {
        var lost = loss;
        if (lost != null) {
            throw lost.exception();
        }
    }

    private static ByteBuffer encode(int stream, Message message) {
        try {
            return Frames.message(stream, message);
        } catch (WireException e) {
            throw PlatformException.invalid(
                    "request",
                    "arguments, environment and paths take at most " + Protocol.MAX_PAYLOAD + " bytes together");
        } catch (IllegalArgumentException e) {
            throw PlatformException.invalid("request", String.valueOf(e.getMessage()));
        }
    }

    /// Told what concerns the connection as a whole. Called on the reading thread: must not block.
    public interface Listener {

        /// For connections whose end interests nobody but their streams.
        Listener NONE = new Listener() {};

        /// The peer has said who it is.
        default void hello(FrameConnection connection, ConnectionMessage.Hello hello) {}

        /// A sandbox ended by itself.
        default void died(SpawnerMessage.Died died) {}

        /// The connection ended, and [FrameConnection#abandon] hasn't been called yet. Whoever overrides this calls
        /// it, with the reason.
        default void ended(FrameConnection connection, String reason) {
            connection.abandon(reason);
        }
    }

    /// The reading side. Confined to the transport's reading thread.
    private final class Inbound implements Transport.Receiver, FrameHandler {

        private final FrameDecoder decoder = new FrameDecoder(this);
        private boolean greeted;
        private boolean broken;

        @Override
        public void received(ByteBuffer bytes) {
            if (broken) {
                return;
            }
            try {
                decoder.feed(bytes);
            } catch (WireException e) {
                broken = true;
                send(0, new ConnectionMessage.Failure("protocol_error", 0, e.reason().wire()));
                abandon("the agent broke the protocol: " + e.reason().wire(), e);
                transport.close();
            }
        }

        @Override
        public void ended(@Nullable IOException cause) {
            isOver = true;
            if (loss != null) {
                return;
            }
            var how = cause == null ? "its agent hung up" : String.valueOf(cause.getMessage());
            listener.ended(FrameConnection.this, "the sandbox was lost: " + how);
        }

        @Override
        public void data(FrameType type, int id, boolean end, ByteBuffer payload) throws WireException {
            var stream = find(id);
            if (stream != null) {
                stream.data(type, end, payload);
            }
        }

        @Override
        public void message(int id, Message message) throws WireException {
            if (!greeted && !(message instanceof ConnectionMessage.Hello)) {
                throw new WireException(Reason.UNEXPECTED);
            }
            if (id == 0) {
                onConnection(message);
                return;
            }
            var stream = find(id);
            if (stream == null) {
                return;
            }
            if (message.type().isFinal()) {
                streams.remove(id);
                stream.finish(message);
            } else {
                stream.message(message);
            }
        }

        /// Null for a stream that has ended already: frames may cross.
        private @Nullable FrameStream find(int id) throws WireException {
            var stream = streams.get(id);
            if (stream == null && Integer.compareUnsigned(id, newestStream) > 0) {
                throw new WireException(Reason.UNEXPECTED);
            }
            return stream;
        }

        private void onConnection(Message message) throws WireException {
            switch (message) {
                case ConnectionMessage.Hello hello -> onHello(hello);
                case ConnectionMessage.Failure failure -> abandon("the sandbox was lost: " + failure.message());
                case SpawnerMessage.Died died -> listener.died(died);
                case ConnectionMessage.Pong pong -> {}
                default -> throw new WireException(Reason.UNEXPECTED);
            }
        }

        private void onHello(ConnectionMessage.Hello hello) throws WireException {
            if (greeted || hello.protocol() != Protocol.VERSION) {
                throw new WireException(Reason.UNEXPECTED);
            }
            greeted = true;
            listener.hello(FrameConnection.this, hello);
        }
    }
}
