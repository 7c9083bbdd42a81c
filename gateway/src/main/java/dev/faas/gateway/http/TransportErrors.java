package dev.faas.gateway.http;

import dev.faas.api.Problem;
import dev.faas.core.common.ErrorCode;
import dev.faas.core.common.PlatformException;
import dev.faas.gateway.wire.Json;
import io.helidon.http.DirectHandler;
import io.helidon.http.HeaderNames;
import io.helidon.http.HeaderValues;
import io.helidon.http.ServerResponseHeaders;
import io.helidon.http.Status;

/// Answers to what never became a request: the same error body as everywhere else. Thread-safe.
final class TransportErrors implements DirectHandler {

    @Override
    public TransportResponse handle(
            TransportRequest request, EventType type, Status status, ServerResponseHeaders headers, String message) {
        var code = code(status);
        var requestId = RequestIds.next();
        var detail = code == ErrorCode.HEADERS_TOO_LARGE
                ? "the request line or the headers are too large"
                : message == null || message.isBlank() ? "the request is not well-formed HTTP/1.1" : message;
        var problem = Problems.of(new PlatformException(code, detail), requestId);
        return TransportResponse.builder()
                .status(Status.create(code.httpStatus()))
                .headers(headers)
                .header(HeaderNames.CONTENT_TYPE, Problem.MEDIA_TYPE)
                .header(Exchange.REQUEST_ID, requestId)
                .header(HeaderValues.CONNECTION_CLOSE)
                .keepAlive(false)
                .entity(Json.write(problem))
                .build();
    }

    static ErrorCode code(Status status) {
        return switch (status.code()) {
            case 404 -> ErrorCode.NOT_FOUND;
            case 405 -> ErrorCode.METHOD_NOT_ALLOWED;
            case 408 -> ErrorCode.REQUEST_TIMEOUT;
            case 413 -> ErrorCode.BODY_TOO_LARGE;
            case 414, 431 -> ErrorCode.HEADERS_TOO_LARGE;
            case 415 -> ErrorCode.UNSUPPORTED_MEDIA_TYPE;
            default -> status.code() < 500 ? ErrorCode.INVALID_REQUEST : ErrorCode.INTERNAL;
        };
    }
}
