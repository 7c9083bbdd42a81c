package dev.faas.drivers.agent;

import dev.faas.core.common.ErrorCode;
import dev.faas.core.common.PlatformException;
import dev.faas.drivers.agent.wire.ConnectionMessage;
import dev.faas.drivers.agent.wire.ConnectionMessage.Credit;
import dev.faas.drivers.agent.wire.FileMessage;
import dev.faas.drivers.agent.wire.FrameType;
import dev.faas.drivers.agent.wire.Frames;
import dev.faas.drivers.agent.wire.Message;
import dev.faas.drivers.agent.wire.ProcessMessage;
import dev.faas.drivers.agent.wire.Protocol;
import dev.faas.drivers.agent.wire.SendWindow;
import dev.faas.drivers.agent.wire.TunnelMessage;
import dev.faas.drivers.agent.wire.WireException;
import dev.faas.drivers.agent.wire.WireException.Reason;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// One operation on a connection: messages and data until the peer's final frame. Thread-safe; each data type has one
/// reader or writer at a time.
public final class FrameStream {

    private final FrameConnection connection;
    private final int id;
    private final int heldMessages;

    private final ReentrantLock streamLock = new ReentrantLock();
    private final Condition changed = streamLock.newCondition();
    /// All below is guarded by the stream lock.
    private final ArrayDeque<Message> messages = new ArrayDeque<>();
    private final Map<FrameType, Inbox> inboxes = new EnumMap<>(FrameType.class);
    private final Map<FrameType, SendWindow> windows = new EnumMap<>(FrameType.class);
    private @Nullable Message last;
    private @Nullable Loss loss;
    private int sentAtOnce;
    private long firstMessageNanos;
    private @Nullable DataSink sink;
    private boolean overflowed;

    FrameStream(FrameConnection connection, int id, int heldMessages) {
        this.connection = connection;
        this.id = id;
        this.heldMessages = heldMessages;
    }

    /// The oldest message that wasn't taken yet; once there is none left, the final one, again and again.
    ///
    /// @throws PlatformException when the connection is lost
    public Message next() throws InterruptedException {
        streamLock.lockInterruptibly();
        try {
            while (messages.isEmpty() && last == null) {
                checkAlive();
                changed.await();
            }
            var message = messages.poll();
            return message != null ? message : finalMessage();
        } finally {
            streamLock.unlock();
        }
    }

    /// As [#next]; an interrupt or a peer that doesn't answer in time ends the stream.
    Message next(Duration limit, String what) {
        streamLock.lock();
        try {
            long left = limit.toNanos();
            while (messages.isEmpty() && last == null) {
                checkAlive();
                if (left <= 0) {
                    throw new PlatformException(ErrorCode.SANDBOX_FAILED, what + " did not happen within " + limit);
                }
                left = changed.awaitNanos(left);
            }
            var message = messages.poll();
            return message != null ? message : finalMessage();
        } catch (InterruptedException e) {
            throw interrupted();
        } finally {
            streamLock.unlock();
        }
    }

    /// The final message, without taking any other. An interrupt gives the stream up.
    Message awaitLast() {
        try {
            return awaitEnd();
        } catch (InterruptedException e) {
            abort();
            throw interrupted();
        }
    }

    /// The final message; an interrupt waits until it is there.
    Message awaitLast(Duration limit) {
        boolean interrupted = false;
        long deadline = System.nanoTime() + limit.toNanos();
        streamLock.lock();
        try {
            while (last == null) {
                checkAlive();
                long left = deadline - System.nanoTime();
                if (left <= 0) {
                    throw new PlatformException(
                            ErrorCode.SANDBOX_FAILED, "no answer within " + limit.toSeconds() + " s");
                }
                try {
                    changed.awaitNanos(left);
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
            return last;
        } finally {
            streamLock.unlock();
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /// The final message, without taking any other.
    Message awaitEnd() throws InterruptedException {
        streamLock.lockInterruptibly();
        try {
            while (last == null) {
                checkAlive();
                changed.await();
            }
            return last;
        } finally {
            streamLock.unlock();
        }
    }

    /// As [#awaitEnd], and until every byte that arrived is read or taken.
    Message awaitEndAndReaders() throws InterruptedException {
        var end = awaitEnd();
        streamLock.lockInterruptibly();
        try {
            while (sink == null && !inboxes.values().stream().allMatch(Inbox::isEmpty)) {
                changed.await();
            }
            return end;
        } finally {
            streamLock.unlock();
        }
    }

    /// Blocks until data of the type has arrived, or the stream has ended.
    void awaitDataOrEnd(FrameType type) throws InterruptedException {
        streamLock.lockInterruptibly();
        try {
            var inbox = inbox(type);
            while (inbox.isEmpty() && !inbox.isClosed() && last == null) {
                checkAlive();
                changed.await();
            }
        } finally {
            streamLock.unlock();
        }
    }

    boolean isEnded() {
        streamLock.lock();
        try {
            return last != null || loss != null;
        } finally {
            streamLock.unlock();
        }
    }

    /// Whether messages were dropped since the last call, because nobody took them.
    boolean takeOverflow() {
        streamLock.lock();
        try {
            boolean was = overflowed;
            overflowed = false;
            return was;
        } finally {
            streamLock.unlock();
        }
    }

    /// Bytes of one type; -1 at their end. Blocks until there are some.
    ///
    /// @throws PlatformException when the connection is lost and everything that arrived is read
    int read(FrameType type, byte[] target, int offset, int wanted) throws IOException {
        if (wanted == 0) {
            return 0;
        }
        int count;
        int credit;
        streamLock.lock();
        try {
            var inbox = inbox(type);
            while (inbox.isEmpty()) {
                if (last != null || inbox.isClosed() || sink != null) {
                    return -1;
                }
                checkAlive();
                changed.await();
            }
            count = inbox.take(target, offset, wanted);
            credit = inbox.consumed(count);
            if (inbox.isEmpty() && last != null) {
                changed.signalAll();
            }
            credit = last == null ? credit : 0;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while reading from a sandbox");
        } finally {
            streamLock.unlock();
        }
        credit(type, credit);
        return count;
    }

    int available(FrameType type) {
        streamLock.lock();
        try {
            return inbox(type).length();
        } finally {
            streamLock.unlock();
        }
    }

    /// The final message, if the stream has ended.
    @Nullable Message last() {
        streamLock.lock();
        try {
            return last;
        } finally {
            streamLock.unlock();
        }
    }

    /// Drops data of every type from now on, so that the peer is never held up.
    void discard() {
        drainTo((_, _) -> {});
    }

    /// Has data of every type taken as it arrives, after what has arrived already.
    void drainTo(DataSink newSink) {
        var credits = new EnumMap<FrameType, Integer>(FrameType.class);
        streamLock.lock();
        try {
            sink = newSink;
            inboxes.forEach((type, inbox) -> credits.put(type, inbox.consumed(inbox.drainTo(type, newSink))));
            changed.signalAll();
        } finally {
            streamLock.unlock();
        }
        credits.forEach(this::credit);
    }

    /// Sends all bytes; blocks while the window is closed.
    ///
    /// @return whether they were sent; false when the stream has ended
    boolean write(FrameType type, byte[] bytes, int offset, int count) throws IOException {
        int done = 0;
        try {
            while (done < count) {
                int piece = awaitWindow(type, Math.min(count - done, Protocol.MAX_DATA));
                if (piece == 0) {
                    return false;
                }
                connection.sendData(type, id, false, bytes, offset + done, piece);
                done += piece;
            }
            return true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while writing to a sandbox");
        }
    }

    /// Ends this side's data of a type, unless the stream has ended.
    void end(FrameType type) throws IOException {
        if (isEnded()) {
            return;
        }
        try {
            connection.sendData(type, id, true, new byte[0], 0, 0);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while writing to a sandbox");
        }
    }

    /// Sends a message on this stream, unless it has ended.
    void send(Message message) {
        if (!isEnded()) {
            connection.send(id, message);
        }
    }

    /// Gives the stream up without waiting: data is dropped, the peer releases what it holds.
    void abort() {
        discard();
        send(new ConnectionMessage.Close());
    }

    /// The frames of as much of the data as the first window takes, the end included if that is all.
    List<ByteBuffer> takeFirst(FrameType type, byte[] data) {
        var frames = new ArrayList<ByteBuffer>();
        streamLock.lock();
        try {
            var window = windows.computeIfAbsent(type, any -> new SendWindow());
            int room = Math.min(data.length, window.available());
            while (sentAtOnce < room) {
                int piece = window.take(Math.min(room - sentAtOnce, Protocol.MAX_DATA));
                boolean isEnd = sentAtOnce + piece == data.length;
                frames.add(Frames.data(type, id, isEnd, data, sentAtOnce, piece));
                sentAtOnce += piece;
            }
        } finally {
            streamLock.unlock();
        }
        return frames;
    }

    /// When the first message to be held arrived; 0 before.
    long firstMessageNanos() {
        streamLock.lock();
        try {
            return firstMessageNanos;
        } finally {
            streamLock.unlock();
        }
    }

    /// How much of its data went along with its opening.
    int sentAtOnce() {
        streamLock.lock();
        try {
            return sentAtOnce;
        } finally {
            streamLock.unlock();
        }
    }

    private int awaitWindow(FrameType type, int wanted) throws InterruptedException {
        streamLock.lockInterruptibly();
        try {
            var window = windows.computeIfAbsent(type, any -> new SendWindow());
            while (window.available() == 0 && last == null) {
                checkAlive();
                changed.await();
            }
            if (last != null) {
                return 0;
            }
            checkAlive();
            return window.take(wanted);
        } finally {
            streamLock.unlock();
        }
    }

    private void credit(FrameType type, int bytes) {
        if (bytes > 0) {
            connection.send(id, new Credit(type.number(), bytes));
        }
    }

    private void checkAlive() {
        var lost = loss;
        if (lost != null) {
            throw lost.exception();
        }
    }

    private Message finalMessage() {
        var message = last;
        if (message == null) {
            throw new IllegalStateException("the stream hasn't ended");
        }
        return message;
    }

    static PlatformException interrupted() {
        Thread.currentThread().interrupt();
        return new PlatformException(ErrorCode.SANDBOX_FAILED, "interrupted while waiting for a sandbox");
    }

    private Inbox inbox(FrameType type) {
        return inboxes.computeIfAbsent(type, any -> new Inbox());
    }

    // Called by the reading thread only.

    void data(FrameType type, boolean end, ByteBuffer payload) throws WireException {
        if (type == FrameType.STDIN) {
            throw new WireException(Reason.UNEXPECTED);
        }
        int credit = 0;
        streamLock.lock();
        try {
            var inbox = inbox(type);
            var taker = sink;
            if (taker == null) {
                inbox.put(payload);
            } else {
                credit = inbox.skip(payload.remaining());
                taker.take(type, payload);
            }
            if (end) {
                inbox.close();
            }
            changed.signalAll();
        } finally {
            streamLock.unlock();
        }
        credit(type, credit);
    }

    void message(Message message) throws WireException {
        streamLock.lock();
        try {
            switch (message) {
                case Credit(var type, var bytes) ->
                    windows.computeIfAbsent(FrameType.dataType(type), any -> new SendWindow())
                            .credit(bytes);
                case FileMessage.FileEvent event when messages.size() >= heldMessages -> overflowed = true;
                case ProcessMessage.Started started -> hold(started);
                case FileMessage.Entry entry -> hold(entry);
                case FileMessage.FileEvent event -> hold(event);
                case FileMessage.Watching watching -> hold(watching);
                case TunnelMessage.Connected connected -> hold(connected);
                default -> throw new WireException(Reason.UNEXPECTED);
            }
            changed.signalAll();
        } finally {
            streamLock.unlock();
        }
    }

    private void hold(Message message) throws WireException {
        if (messages.size() >= heldMessages) {
            throw new WireException(Reason.UNEXPECTED);
        }
        if (firstMessageNanos == 0) {
            firstMessageNanos = System.nanoTime();
        }
        messages.add(message);
    }

    void finish(Message message) {
        streamLock.lock();
        try {
            last = message;
            changed.signalAll();
        } finally {
            streamLock.unlock();
        }
    }

    void lose(Loss reason) {
        streamLock.lock();
        try {
            if (loss == null) {
                loss = reason;
            }
            changed.signalAll();
        } finally {
            streamLock.unlock();
        }
    }

    /// Takes data on the thread that reads the connection: must not block.
    @FunctionalInterface
    interface DataSink {
        void take(FrameType type, ByteBuffer bytes);
    }
}
