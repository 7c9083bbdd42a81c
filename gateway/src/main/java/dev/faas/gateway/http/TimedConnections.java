package dev.faas.gateway.http;

import dev.faas.gateway.limit.HttpLimits;
import io.helidon.common.buffers.BufferData;
import io.helidon.http.DirectHandler.EventType;
import io.helidon.http.HeaderNames;
import io.helidon.http.HeaderValues;
import io.helidon.http.Headers;
import io.helidon.http.RequestException;
import io.helidon.http.Status;
import io.helidon.webserver.ConnectionContext;
import io.helidon.webserver.http1.Http1Config;
import io.helidon.webserver.http1.Http1ConnectionListener;
import io.helidon.webserver.http1.Http1ConnectionSelector;
import io.helidon.webserver.spi.ServerConnection;
import io.helidon.webserver.spi.ServerConnectionSelector;
import java.util.List;
import java.util.Set;

/// Makes every HTTP/1.1 connection a [TimedConnection] and refuses what parsers may disagree about. Thread-safe.
final class TimedConnections implements ServerConnectionSelector {

    private final HttpLimits limits;
    private final Http1ConnectionSelector http1;

    TimedConnections(HttpLimits limits) {
        this.limits = limits;
        this.http1 = Http1ConnectionSelector.builder()
                .config(Http1Config.builder()
                        .maxHeadersSize((int) limits.maxHeaders().bytes())
                        .maxPrologueLength((int) limits.maxRequestLine().bytes())
                        .addReceiveListener(new Received())
                        .addSendListener(new Sent())
                        .build())
                .build();
    }

    @Override
    public int bytesToIdentifyConnection() {
        return http1.bytesToIdentifyConnection();
    }

    @Override
    public Support supports(BufferData data) {
        return http1.supports(data);
    }

    @Override
    public Set<String> supportedApplicationProtocols() {
        return http1.supportedApplicationProtocols();
    }

    @Override
    public ServerConnection connection(ConnectionContext context) {
        return http1.connection(new TimedConnection(context, limits));
    }

    private static final class Received implements Http1ConnectionListener {
        @Override
        public void headers(ConnectionContext context, Headers headers) {
            checkFraming(headers);
            ((TimedConnection) context).headersRead();
        }

        /// Two ways to say where a body ends are an invitation to smuggle a second request (RFC 9112, 6.3).
        private static void checkFraming(Headers headers) {
            if (!headers.contains(HeaderNames.TRANSFER_ENCODING)) {
                boolean isRepeated = headers.contains(HeaderNames.CONTENT_LENGTH)
                        && headers.all(HeaderNames.CONTENT_LENGTH, List::of).size() > 1;
                refuseIf(isRepeated, "more than one Content-Length");
                return;
            }
            refuseIf(headers.contains(HeaderNames.CONTENT_LENGTH), "both Transfer-Encoding and Content-Length");
            var codings = headers.all(HeaderNames.TRANSFER_ENCODING, List::of);
            refuseIf(
                    codings.size() != 1 || !codings.getFirst().equalsIgnoreCase("chunked"),
                    "a Transfer-Encoding other than chunked");
        }

        private static void refuseIf(boolean isWrong, String what) {
            if (isWrong) {
                throw RequestException.builder()
                        .type(EventType.BAD_REQUEST)
                        .status(Status.BAD_REQUEST_400)
                        .setKeepAlive(false)
                        .safeMessage(true)
                        .message("the request has " + what)
                        .build();
            }
        }
    }

    private static final class Sent implements Http1ConnectionListener {
        @Override
        public void headers(ConnectionContext context, Headers headers) {
            ((TimedConnection) context).answerBegun(headers.contains(HeaderValues.CONNECTION_CLOSE));
        }
    }
}
