package dev.faas.drivers.agent;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/// Two directions of bytes under a [FrameConnection]. Thread-safe.
interface Transport {

    /// Begins to deliver what arrives. Called once.
    void start(Receiver receiver);

    /// Puts a whole frame behind those before it. Never blocks; ignored once the transport has ended.
    void enqueue(ByteBuffer frame);

    /// Writes what is enqueued, or sees to it that somebody does. Never waits for the peer.
    void flush();

    /// Blocks while more than [Outbox#LIMIT] bytes wait for the peer; returns at once when the transport has ended.
    void awaitRoom() throws InterruptedException;

    /// Ends both directions; the receiver is told if it hasn't been. Idempotent.
    void close();

    /// Called by one thread at a time.
    interface Receiver {

        /// @param bytes valid during the call only
        void received(ByteBuffer bytes);

        /// Nothing follows. Called once.
        ///
        /// @param cause null when the peer closed in order
        void ended(@Nullable IOException cause);
    }
}
