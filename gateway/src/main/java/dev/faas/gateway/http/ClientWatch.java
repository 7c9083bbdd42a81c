package dev.faas.gateway.http;

import io.helidon.common.socket.HelidonSocket;
import java.io.UncheckedIOException;
import java.net.SocketTimeoutException;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;

/// Reads from a connection while a request on it is being answered: that a client has gone is only learnt by reading, and writing to it
/// would go unnoticed twice. What a client sends ahead is kept for the next request. Thread-safe.
final class ClientWatch {

    private final HelidonSocket socket;
    private final CountDownLatch read = new CountDownLatch(1);
    private volatile boolean isWatching = true;
    private volatile byte @Nullable [] bytes;
    private volatile @Nullable UncheckedIOException failure;

    private ClientWatch(HelidonSocket socket) {
        this.socket = socket;
    }

    /// @param onGone called on another thread when the client has closed its side while the watch was on
    static ClientWatch start(HelidonSocket socket, Runnable onGone) {
        var watch = new ClientWatch(socket);
        Thread.ofVirtual().name("faas-client-watch").start(() -> watch.run(onGone));
        return watch;
    }

    private void run(Runnable onGone) {
        try {
            bytes = read();
        } catch (UncheckedIOException e) {
            failure = e;
        }
        read.countDown();
        if (isWatching && bytes == null) {
            onGone.run();
        }
    }

    /// The time limit for silence is meant for clients that owe a request: it begins when the watch has ended.
    private byte @Nullable [] read() {
        while (true) {
            boolean isAnswering = isWatching;
            try {
                return socket.get();
            } catch (UncheckedIOException e) {
                if (!isAnswering || !(e.getCause() instanceof SocketTimeoutException)) {
                    throw e;
                }
            }
        }
    }

    /// The answer is complete.
    void end() {
        isWatching = false;
    }

    /// What the client has sent since; blocks until there is something.
    ///
    /// @return null at the end
    /// @throws UncheckedIOException when it can't be read
    byte @Nullable [] take() throws InterruptedException {
        end();
        read.await();
        var broken = failure;
        if (broken != null) {
            throw broken;
        }
        return bytes;
    }
}
