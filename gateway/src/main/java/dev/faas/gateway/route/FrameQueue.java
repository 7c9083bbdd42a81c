package dev.faas.gateway.route;

import dev.faas.core.common.PlatformException;
import dev.faas.gateway.http.Exchange;
import dev.faas.gateway.http.Problems;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.SocketException;
import java.time.Duration;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// Carries frames from the threads that do the work to the request's thread, which writes them. Bounded: who puts waits until the
/// client has taken enough, and that is the back-pressure. Thread-safe.
final class FrameQueue {

    private static final int CAPACITY = 64;

    private final BlockingQueue<Item> items = new ArrayBlockingQueue<>(CAPACITY);
    private volatile boolean isClosed;

    /// Adds a frame, waiting for room.
    ///
    /// @throws IllegalStateException when nobody reads any more
    void put(String type, Object frame) {
        putItem(new Item(type, frame, null));
    }

    /// Adds a frame if there is room: for what may be lost.
    void offer(String type, Object frame) {
        items.offer(new Item(type, frame, null));
    }

    /// Adds the last frame.
    void finish(String type, Object frame) {
        putItem(new Item(type, frame, null));
        putItem(Item.END);
    }

    /// Ends with a failure.
    void fail(PlatformException failure) {
        putItem(new Item("error", failure, failure));
    }

    /// Nobody is there to read: whoever writes stops.
    private void abandon() {
        while (!items.offer(Item.GONE)) {
            items.clear();
        }
    }

    private void putItem(Item item) {
        try {
            while (!items.offer(item, 1, TimeUnit.SECONDS)) {
                if (isClosed) {
                    throw new IllegalStateException("the client has gone");
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while the client was slow", e);
        }
    }

    /// Writes frames until the last one. A failure before the first frame is thrown, so that it gets its proper status; that the client
    /// has gone is thrown at any time.
    ///
    /// @param error makes the error frame
    void writeTo(Exchange exchange, StreamFormat format, Duration heartbeat, Function<PlatformException, Object> error)
            throws InterruptedException {
        exchange.whenClientLeaves(this::abandon);
        try {
            var item = items.take();
            requireReader(item);
            if (item.failure() != null) {
                throw item.failure();
            }
            try (var stream = exchange.stream(format.mediaType())) {
                while (item != Item.END) {
                    write(stream, item, format, error);
                    if (item != null && item.failure() != null) {
                        return;
                    }
                    item = items.poll(heartbeat.toMillis(), TimeUnit.MILLISECONDS);
                    requireReader(item);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            isClosed = true;
            exchange.answerEnded();
        }
    }

    private static void requireReader(@Nullable Item item) throws SocketException {
        if (item == Item.GONE) {
            throw new SocketException("the client has gone");
        }
    }

    private void write(
            OutputStream stream, @Nullable Item item, StreamFormat format, Function<PlatformException, Object> error)
            throws IOException {
        if (item == null) {
            stream.write(format.heartbeat());
        } else if (item.failure() != null) {
            stream.write(format.frame(item.type(), error.apply(item.failure())));
        } else {
            stream.write(format.frame(item.type(), item.frame()));
        }
        if (items.isEmpty()) {
            stream.flush();
        }
    }

    /// Runs the work on a thread of its own, and makes sure that the queue ends whatever happens.
    Thread start(String name, Work work) {
        return Thread.ofVirtual().name(name).start(() -> {
            try {
                work.run(this);
            } catch (PlatformException e) {
                fail(e);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            } catch (RuntimeException e) {
                if (!isClosed) {
                    fail(Problems.unexpected(e));
                }
            }
        });
    }

    /// What fills the queue.
    @FunctionalInterface
    interface Work {
        void run(FrameQueue queue) throws InterruptedException;
    }

    private record Item(String type, Object frame, @Nullable PlatformException failure) {
        static final Item END = new Item("", "", null);
        static final Item GONE = new Item("", "gone", null);
    }
}
