package dev.faas.gateway.route;

import dev.faas.gateway.http.Exchange;
import dev.faas.gateway.wire.Json;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/// How a stream of frames is written.
enum StreamFormat {
    /// One frame a line; an empty line now and then shows that the stream is alive.
    NDJSON("application/x-ndjson"),
    /// Server-sent events named like the type of the frame in their data; a comment shows that the stream is alive.
    SSE("text/event-stream");

    private static final byte[] NEWLINE = {'\n'};
    private static final byte[] EVENT = "event: ".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] DATA = "\ndata: ".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] END = "\n\n".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] COMMENT = ": alive\n\n".getBytes(StandardCharsets.US_ASCII);

    private final String mediaType;

    StreamFormat(String mediaType) {
        this.mediaType = mediaType;
    }

    static Optional<StreamFormat> wanted(Exchange exchange) {
        for (var format : values()) {
            if (exchange.accepts(format.mediaType)) {
                return Optional.of(format);
            }
        }
        return Optional.empty();
    }

    String mediaType() {
        return mediaType;
    }

    byte[] frame(String type, Object frame) {
        var json = Json.write(frame);
        var bytes = new ByteArrayOutputStream(json.length + 32);
        switch (this) {
            case NDJSON -> {
                bytes.writeBytes(json);
                bytes.writeBytes(NEWLINE);
            }
            case SSE -> {
                bytes.writeBytes(EVENT);
                bytes.writeBytes(type.getBytes(StandardCharsets.US_ASCII));
                bytes.writeBytes(DATA);
                bytes.writeBytes(json);
                bytes.writeBytes(END);
            }
        }
        return bytes.toByteArray();
    }

    byte[] heartbeat() {
        return switch (this) {
            case NDJSON -> NEWLINE;
            case SSE -> COMMENT;
        };
    }
}
