package dev.faas.drivers.agent;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.CancelledKeyException;
import java.nio.channels.SocketChannel;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/// A non-blocking unix socket. Reads happen on the reactor's thread, writes on the thread that flushes.
final class SocketTransport implements Transport {

    /// Reads in a row before other connections have their turn.
    private static final int READS_PER_TURN = 4;

    private final SocketReactor reactor;
    private final SocketChannel channel;
    private final Outbox outbox = new Outbox();
    private final AtomicBoolean ended = new AtomicBoolean();
    private volatile @Nullable Receiver receiver;

    SocketTransport(SocketReactor reactor, SocketChannel channel) {
        this.reactor = reactor;
        this.channel = channel;
    }

    @Override
    public void start(Receiver newReceiver) {
        receiver = newReceiver;
        reactor.register(channel, this);
    }

    @Override
    public void enqueue(ByteBuffer frame) {
        outbox.add(frame);
    }

    @Override
    public void flush() {
        for (var frames = outbox.claim(); frames.length > 0; frames = outbox.claim()) {
            try {
                if (!writeAll(frames)) {
                    outbox.putBack(frames);
                    reactor.awaitWritable(channel);
                    return;
                }
            } catch (IOException e) {
                end(e);
                return;
            }
            outbox.release();
        }
    }

    /// The peer takes bytes again.
    void resume() {
        outbox.release();
        flush();
    }

    private boolean writeAll(ByteBuffer[] frames) throws IOException {
        int last = frames.length - 1;
        long written = 1;
        while (frames[last].hasRemaining() && written > 0) {
            written = channel.write(frames);
        }
        return !frames[last].hasRemaining();
    }

    @Override
    public void awaitRoom() throws InterruptedException {
        outbox.awaitRoom();
    }

    @Override
    public void close() {
        end(null);
    }

    void read(ByteBuffer buffer) {
        var target = receiver;
        if (target == null) {
            return;
        }
        try {
            for (int turn = 0; turn < READS_PER_TURN; turn++) {
                buffer.clear();
                int count = channel.read(buffer);
                if (count < 0) {
                    end(null);
                }
                if (count <= 0) {
                    return;
                }
                target.received(buffer.flip());
                if (count < buffer.capacity()) {
                    return;
                }
            }
        } catch (IOException e) {
            end(e);
        }
    }

    void end(@Nullable IOException cause) {
        if (!ended.compareAndSet(false, true)) {
            return;
        }
        outbox.close();
        try {
            channel.close();
        } catch (IOException | CancelledKeyException e) {
            // It is gone, which is what was wanted.
        }
        reactor.wakeup();
        var target = receiver;
        if (target != null) {
            target.ended(cause);
        }
    }
}
