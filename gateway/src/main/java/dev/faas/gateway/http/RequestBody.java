package dev.faas.gateway.http;

import dev.faas.core.common.DataSize;
import dev.faas.core.common.ErrorCode;
import dev.faas.core.common.PlatformException;
import io.helidon.http.HeaderNames;
import io.helidon.webserver.http.ServerRequest;
import java.io.IOException;
import java.io.InputStream;
import java.net.SocketTimeoutException;
import java.util.Arrays;
import java.util.Collection;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The body of a request, read once, never beyond its limit. Confined to the request's thread.
public final class RequestBody {

    private static final Logger LOG = LoggerFactory.getLogger(RequestBody.class);
    private static final int FIRST_BUFFER = 8192;
    private static final long DISCARD_LIMIT = 64L * 1024 * 1024;
    private static final Set<String> JSON = Set.of("application/json");

    private final ServerRequest request;
    private boolean isTaken;
    private boolean isBroken;

    RequestBody(ServerRequest request) {
        this.request = request;
    }

    /// All of a JSON body.
    ///
    /// @throws PlatformException `UNSUPPORTED_MEDIA_TYPE`, `BODY_TOO_LARGE`
    public byte[] json(DataSize limit) {
        requireType(JSON);
        checkLength(limit);
        isTaken = true;
        try {
            return read(request.content().inputStream(), limit);
        } catch (PlatformException e) {
            throw e;
        } catch (IOException | RuntimeException e) {
            // The HTTP library has an exception of its own for each way a body can be wrong.
            throw broken(e);
        }
    }

    /// A body that is too large for memory. Reading beyond the limit throws.
    ///
    /// @throws PlatformException `UNSUPPORTED_MEDIA_TYPE`, `BODY_TOO_LARGE`
    public InputStream stream(Collection<String> mediaTypes, DataSize limit) {
        requireType(mediaTypes);
        checkLength(limit);
        isTaken = true;
        return new LimitedStream(request.content().inputStream(), limit);
    }

    /// Whether bytes of it are still on their way.
    boolean isUnread() {
        return isBroken || request.content().hasEntity() && !request.content().consumed();
    }

    /// Reads and drops what a refused client still sends, for a while: closing a connection with unread bytes would
    /// reset it, and the
    /// client could lose the answer.
    void discard() {
        if (isBroken) {
            return;
        }
        try {
            var stream = request.content().inputStream();
            var buffer = new byte[FIRST_BUFFER];
            long left = DISCARD_LIMIT;
            while (left > 0) {
                int count = stream.read(buffer);
                if (count < 0) {
                    return;
                }
                left -= count;
            }
        } catch (IOException | RuntimeException e) {
            // The answer is out; how the client's sending ends changes nothing any more.
            LOG.debug("discarding a refused body ended early", e);
        }
    }

    private void requireType(Collection<String> accepted) {
        var type = request.headers().first(HeaderNames.CONTENT_TYPE).orElse("");
        int parameters = type.indexOf(';');
        var plain =
                (parameters < 0 ? type : type.substring(0, parameters)).strip().toLowerCase(Locale.ROOT);
        if (!accepted.contains(plain)) {
            throw new PlatformException(
                    ErrorCode.UNSUPPORTED_MEDIA_TYPE,
                    "send Content-Type: " + String.join(" or ", new TreeSet<>(accepted)));
        }
    }

    private void checkLength(DataSize limit) {
        if (isTaken) {
            throw new IllegalStateException("a body can be read only once");
        }
        if (contentLength() > limit.bytes()) {
            throw tooLarge(limit);
        }
    }

    private long contentLength() {
        return request.headers().contentLength().orElse(-1);
    }

    private byte[] read(InputStream stream, DataSize limit) throws IOException {
        long length = contentLength();
        if (length >= 0) {
            var bytes = stream.readNBytes((int) length);
            if (bytes.length < length) {
                throw new PlatformException(ErrorCode.INVALID_REQUEST, "the body ended early");
            }
            return bytes;
        }
        var buffer = new byte[FIRST_BUFFER];
        int filled = 0;
        for (int count; (count = stream.read(buffer, filled, buffer.length - filled)) >= 0; ) {
            filled += count;
            if (filled > limit.bytes()) {
                throw tooLarge(limit);
            }
            if (filled == buffer.length) {
                buffer = Arrays.copyOf(buffer, (int) Math.min(2L * buffer.length, limit.bytes() + 1));
            }
        }
        return Arrays.copyOf(buffer, filled);
    }

    private static PlatformException tooLarge(DataSize limit) {
        return new PlatformException(ErrorCode.BODY_TOO_LARGE, "the body is larger than " + limit);
    }

    private PlatformException broken(Exception e) {
        isBroken = true;
        for (Throwable cause = e; cause != null; cause = cause.getCause()) {
            if (cause instanceof SocketTimeoutException || cause instanceof RequestTooSlowException) {
                return new PlatformException(
                        ErrorCode.REQUEST_TIMEOUT, "the body did not arrive in the time allowed", e);
            }
        }
        return new PlatformException(ErrorCode.INVALID_REQUEST, "the body could not be read to its end", e);
    }

    /// Throws when a body goes on beyond its limit.
    private final class LimitedStream extends InputStream {

        private final InputStream source;
        private final DataSize limit;
        private long count;

        LimitedStream(InputStream source, DataSize limit) {
            this.source = source;
            this.limit = limit;
        }

        @Override
        public int read() throws IOException {
            var one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] bytes, int offset, int length) throws IOException {
            try {
                int read = source.read(bytes, offset, length);
                if (read < 0 && count < contentLength()) {
                    throw new PlatformException(ErrorCode.INVALID_REQUEST, "the body ended early");
                }
                count += Math.max(0, read);
                if (count > limit.bytes()) {
                    throw tooLarge(limit);
                }
                return read;
            } catch (PlatformException e) {
                throw e;
            } catch (IOException | RuntimeException e) {
                throw broken(e);
            }
        }
    }
}
