package dev.faas.gateway.http;

import dev.faas.core.common.ErrorCode;
import dev.faas.gateway.limit.HttpLimits;
import io.helidon.common.buffers.DataReader;
import io.helidon.common.buffers.DataWriter;
import io.helidon.common.socket.HelidonSocket;
import io.helidon.common.socket.PeerInfo;
import io.helidon.http.DirectHandler.EventType;
import io.helidon.http.RequestException;
import io.helidon.http.Status;
import io.helidon.webserver.CloseConnectionException;
import io.helidon.webserver.ConnectionContext;
import io.helidon.webserver.ListenerContext;
import io.helidon.webserver.ProxyProtocolData;
import io.helidon.webserver.Router;
import io.helidon.webserver.ServerConnectionException;
import java.io.UncheckedIOException;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// A connection with a stop watch: headers have a time limit and bodies a least speed. The server's own read timeout
/// only sees
/// silence, and a client that sends a byte now and then would hold a connection for hours (slow loris).
///
/// Confined to the connection's thread.
final class TimedConnection implements ConnectionContext {

    private static final byte[] END_OF_HEADERS = {'\r', '\n', '\r', '\n'};

    private final ConnectionContext context;
    private final HttpLimits limits;
    /// A connection's requests are all answered on its own thread.
    private static final ThreadLocal<TimedConnection> CURRENT = new ThreadLocal<>();

    private final HelidonSocket socket;
    private final DataReader reader;
    private @Nullable ClientWatch watch;
    private Phase phase = Phase.IDLE;
    private long since;
    private long received;
    private int endSeen;

    TimedConnection(ConnectionContext context, HttpLimits limits) {
        this.context = context;
        this.limits = limits;
        this.socket = context.serverSocket();
        this.reader = new DataReader(this::pull);
    }

    /// The one whose request this thread is answering.
    static TimedConnection current() {
        return Objects.requireNonNull(CURRENT.get(), "no request is being answered on this thread");
    }

    void headersRead() {
        enter(Phase.BODY);
        CURRENT.set(this);
    }

    /// Calls back when the client closes its side before the answer is complete. The request must have been read to its end.
    void watch(Runnable onGone) {
        if (watch == null) {
            watch = ClientWatch.start(socket, onGone);
        }
    }

    void endWatch() {
        if (watch != null) {
            watch.end();
        }
    }

    /// @param isLast whether the connection closes behind this answer
    void answerBegun(boolean isLast) {
        enter(isLast ? Phase.CLOSING : Phase.IDLE);
    }

    private void enter(Phase next) {
        phase = next;
        since = System.nanoTime();
        received = 0;
        endSeen = 0;
    }

    private byte @Nullable [] pull() {
        byte @Nullable [] bytes;
        try {
            bytes = read();
        } catch (UncheckedIOException e) {
            throw new ServerConnectionException("reading from the client failed", e.getCause());
        }
        if (bytes != null) {
            check(bytes);
        }
        return bytes;
    }

    private byte @Nullable [] read() {
        var ahead = watch;
        if (ahead == null) {
            return socket.get();
        }
        watch = null;
        try {
            return ahead.take();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CloseConnectionException("the server is closing", e);
        }
    }

    private void check(byte[] bytes) {
        if (phase == Phase.IDLE) {
            enter(Phase.HEADERS);
        }
        switch (phase) {
            case IDLE -> throw new IllegalStateException("bytes begin a request");
            case HEADERS -> {
                checkTime();
                countHeaders(bytes);
            }
            case BODY -> {
                received += bytes.length;
                checkRate(System.nanoTime() - since - limits.bodyGrace().toNanos());
            }
            case CLOSING -> checkTime();
        }
    }

    private void checkTime() {
        if (System.nanoTime() - since > limits.headerTimeout().toNanos()) {
            throw new CloseConnectionException("the client took too long");
        }
    }

    /// The HTTP library has such a limit too, but reports it like any malformed request.
    private void countHeaders(byte[] bytes) {
        for (int i = 0; i < bytes.length && endSeen < END_OF_HEADERS.length; i++) {
            received++;
            endSeen = bytes[i] == END_OF_HEADERS[endSeen] ? endSeen + 1 : bytes[i] == '\r' ? 1 : 0;
        }
        if (received > limits.maxHeaders().bytes()) {
            throw RequestException.builder()
                    .type(EventType.BAD_REQUEST)
                    .status(Status.create(ErrorCode.HEADERS_TOO_LARGE.httpStatus()))
                    .setKeepAlive(false)
                    .message("the headers are too large")
                    .build();
        }
    }

    private void checkRate(long nanosAfterGrace) {
        long expected = nanosAfterGrace
                / TimeUnit.SECONDS.toNanos(1)
                * limits.minBodyRate().bytes();
        if (nanosAfterGrace > 0 && received < expected) {
            throw new RequestTooSlowException("the body is slower than " + limits.minBodyRate() + " a second");
        }
    }

    @Override
    public DataReader dataReader() {
        return reader;
    }

    @Override
    public ListenerContext listenerContext() {
        return context.listenerContext();
    }

    @Override
    public ExecutorService executor() {
        return context.executor();
    }

    @Override
    public DataWriter dataWriter() {
        return context.dataWriter();
    }

    @Override
    public Router router() {
        return context.router();
    }

    @Override
    public Optional<ProxyProtocolData> proxyProtocolData() {
        return context.proxyProtocolData();
    }

    @Override
    public HelidonSocket serverSocket() {
        return socket;
    }

    @Override
    public PeerInfo remotePeer() {
        return context.remotePeer();
    }

    @Override
    public PeerInfo localPeer() {
        return context.localPeer();
    }

    @Override
    public boolean isSecure() {
        return context.isSecure();
    }

    @Override
    public String socketId() {
        return context.socketId();
    }

    @Override
    public String childSocketId() {
        return context.childSocketId();
    }

    private enum Phase {
        /// Between requests, or answering: the client owes nothing.
        IDLE,
        HEADERS,
        BODY,
        /// The last answer is out; what still comes is dropped.
        CLOSING
    }
}
