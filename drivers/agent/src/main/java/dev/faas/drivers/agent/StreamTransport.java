package dev.faas.drivers.agent;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/// A pair of blocking streams, such as the standard streams of a container. One virtual thread reads and one writes,
/// so that neither a caller nor the reader ever waits in a write.
final class StreamTransport implements Transport {

    private static final int BUFFER = 64 * 1024;

    private final String name;
    private final InputStream in;
    private final OutputStream out;
    private final AutoCloseable owner;
    private final Outbox outbox = new Outbox();
    private final AtomicBoolean ended = new AtomicBoolean();
    private volatile @Nullable Receiver receiver;

    /// @param owner closed with the transport, after the streams
    StreamTransport(String name, InputStream in, OutputStream out, AutoCloseable owner) {
        this.name = name;
        this.in = in;
        this.out = out;
        this.owner = owner;
    }

    @Override
    public void start(Receiver newReceiver) {
        receiver = newReceiver;
        Thread.ofVirtual().name(name + "-reader").start(() -> read(newReceiver));
        Thread.ofVirtual().name(name + "-writer").start(this::write);
    }

    @Override
    public void enqueue(ByteBuffer frame) {
        outbox.add(frame);
    }

    @Override
    public void flush() {
        outbox.wake();
    }

    @Override
    public void awaitRoom() throws InterruptedException {
        outbox.awaitRoom();
    }

    @Override
    public void close() {
        end(null);
    }

    private void read(Receiver target) {
        var buffer = new byte[BUFFER];
        try {
            for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
                target.received(ByteBuffer.wrap(buffer, 0, count));
            }
            end(null);
        } catch (IOException | RuntimeException e) {
            end(e instanceof IOException failure ? failure : new IOException(e));
        }
    }

    private void write() {
        try {
            for (var frames = outbox.awaitClaim(); frames.length > 0; frames = outbox.awaitClaim()) {
                for (var frame : frames) {
                    out.write(frame.array(), frame.arrayOffset() + frame.position(), frame.remaining());
                }
                out.flush();
                outbox.release();
            }
        } catch (IOException | RuntimeException e) {
            end(e instanceof IOException failure ? failure : new IOException(e));
        }
    }

    private void end(@Nullable IOException cause) {
        if (!ended.compareAndSet(false, true)) {
            return;
        }
        outbox.close();
        closeQuietly(out);
        closeQuietly(in);
        closeQuietly(owner);
        var target = receiver;
        if (target != null) {
            target.ended(cause);
        }
    }

    private static void closeQuietly(AutoCloseable resource) {
        try {
            resource.close();
        } catch (Exception e) {
            // The other side may have closed it already; there is nothing left to release.
        }
    }
}
