package dev.faas.drivers.agent;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedSelectorException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Reads all unix sockets of a driver on one thread, into one buffer: a connection costs neither a thread nor a
/// buffer while it is idle.
///
/// Non-blocking channels are a matter of safety as well: an interrupt closes a *blocking* channel under everybody who
/// shares it, and one interrupted caller would take every sandbox with it. Writes go out on the caller's thread,
/// without a hand-over. Thread-safe.
public final class SocketReactor implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(SocketReactor.class);
    private static final int BUFFER = 256 * 1024;

    private final Selector selector;
    private final Queue<Runnable> tasks = new ConcurrentLinkedQueue<>();
    private final ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER);
    private final Thread thread;

    public SocketReactor(String name) {
        try {
            selector = Selector.open();
        } catch (IOException e) {
            throw new UncheckedIOException("the machine gives no selector", e);
        }
        thread = Thread.ofPlatform().daemon().name("faas-" + name).start(this::run);
    }

    /// A connection to whoever listens on the socket.
    public FrameConnection connect(Path socket, FrameConnection.Listener listener) throws IOException {
        var channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            channel.configureBlocking(false);
            if (!channel.connect(UnixDomainSocketAddress.of(socket))) {
                throw new IOException("nobody accepts connections on " + socket);
            }
        } catch (IOException e) {
            channel.close();
            throw e;
        }
        return new FrameConnection(new SocketTransport(this, channel), listener);
    }

    /// Closes the connections that are left, then the thread.
    @Override
    public void close() {
        execute(() -> {
            selector.keys().forEach(key -> ((SocketTransport) key.attachment()).end(null));
            try {
                selector.close();
            } catch (IOException e) {
                LOG.warn("a selector can't be closed", e);
            }
        });
    }

    void register(SocketChannel channel, SocketTransport transport) {
        execute(() -> {
            try {
                channel.register(selector, SelectionKey.OP_READ, transport);
            } catch (IOException e) {
                transport.end(e);
            }
        });
    }

    /// Has the transport flush again as soon as the peer takes bytes.
    void awaitWritable(SocketChannel channel) {
        execute(() -> {
            var key = channel.keyFor(selector);
            if (key != null && key.isValid()) {
                key.interestOpsOr(SelectionKey.OP_WRITE);
            }
        });
    }

    /// A registered channel's descriptor is closed by the selector's next turn only.
    void wakeup() {
        selector.wakeup();
    }

    private void execute(Runnable task) {
        tasks.add(task);
        selector.wakeup();
    }

    private void run() {
        try {
            while (selector.isOpen()) {
                selector.select(this::ready);
                for (var task = tasks.poll(); task != null && selector.isOpen(); task = tasks.poll()) {
                    task.run();
                }
            }
        } catch (IOException | ClosedSelectorException e) {
            LOG.error("connections are no longer read", e);
        }
    }

    private void ready(SelectionKey key) {
        var transport = (SocketTransport) key.attachment();
        try {
            if (key.isValid() && key.isWritable()) {
                key.interestOpsAnd(~SelectionKey.OP_WRITE);
                transport.resume();
            }
            if (key.isValid() && key.isReadable()) {
                transport.read(buffer);
            }
        } catch (RuntimeException e) {
            // A fault in what one connection's frames cause must not end all the others.
            LOG.error("a connection failed", e);
            transport.end(new IOException("the frames could not be handled: " + e.getMessage(), e));
        }
    }
}
