package dev.faas.gateway.http;

import dev.faas.api.Problem;
import dev.faas.core.common.ErrorCode;
import dev.faas.core.common.PlatformException;
import dev.faas.gateway.auth.Caller;
import dev.faas.gateway.wire.Json;
import io.helidon.http.Header;
import io.helidon.http.HeaderName;
import io.helidon.http.HeaderNames;
import io.helidon.http.HeaderValues;
import io.helidon.http.Status;
import io.helidon.webserver.CloseConnectionException;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.io.OutputStream;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import tools.jackson.databind.JsonNode;

/// A request and the answer to it. Confined to the request's thread.
public final class Exchange {

    static final HeaderName REQUEST_ID = HeaderNames.create("X-Request-Id");
    private static final HeaderName TRACE_PARENT = HeaderNames.create("traceparent");
    private static final Header JSON = HeaderValues.createCached(HeaderNames.CONTENT_TYPE, "application/json");
    private static final Header PROBLEM = HeaderValues.createCached(HeaderNames.CONTENT_TYPE, Problem.MEDIA_TYPE);
    private static final Header NO_STORE = HeaderValues.createCached(HeaderNames.CACHE_CONTROL, "no-store");
    private static final Header NO_SNIFF = HeaderValues.createCached("X-Content-Type-Options", "nosniff");

    private final ServerRequest request;
    private final ServerResponse response;
    private final Caller caller;
    private final String requestId;
    private final RequestBody body;
    private final String traceParent;

    Exchange(ServerRequest request, ServerResponse response, Caller caller, String requestId) {
        this(
                request,
                response,
                caller,
                requestId,
                new RequestBody(request),
                TraceParent.accept(request.headers().first(TRACE_PARENT)).orElse(""));
    }

    private Exchange(
            ServerRequest request,
            ServerResponse response,
            Caller caller,
            String requestId,
            RequestBody body,
            String traceParent) {
        this.request = request;
        this.response = response;
        this.caller = caller;
        this.requestId = requestId;
        this.body = body;
        this.traceParent = traceParent;
    }

    /// The same exchange, now that it is known who asks.
    Exchange of(Caller known) {
        return new Exchange(request, response, known, requestId, body, traceParent);
    }

    public Caller caller() {
        return caller;
    }

    public String tenant() {
        return caller.tenant();
    }

    /// Of this HTTP request, not of an execution.
    public String requestId() {
        return requestId;
    }

    /// The W3C trace context it came with, empty if none.
    public String traceParent() {
        return traceParent;
    }

    public Optional<String> header(HeaderName name) {
        return request.headers().first(name);
    }

    /// Every value of a header that may be repeated.
    public List<String> headers(HeaderName name) {
        return request.headers().contains(name) ? request.headers().all(name, List::of) : List.of();
    }

    /// Whether one of the media types in `Accept` is exactly this one.
    public boolean accepts(String mediaType) {
        return header(HeaderNames.ACCEPT)
                .filter(accept -> accept.contains(mediaType))
                .isPresent();
    }

    public String pathVariable(String name) {
        return request.path().pathParameters().get(name);
    }

    public Optional<String> query(String name) {
        var values = queryAll(name);
        if (values.size() > 1) {
            throw PlatformException.invalid(name, "is given more than once");
        }
        return values.stream().findFirst();
    }

    public List<String> queryAll(String name) {
        return request.query().contains(name) ? request.query().all(name) : List.of();
    }

    /// Refuses query parameters that mean nothing here.
    public void allowQuery(Collection<String> known) {
        Set<String> names = new TreeSet<>(request.query().names());
        names.removeAll(known);
        if (!names.isEmpty()) {
            var expected = known.isEmpty() ? "it takes none" : "use " + String.join(", ", new TreeSet<>(known));
            throw PlatformException.invalid(
                    names.iterator().next(), "is not a query parameter of this request; " + expected);
        }
    }

    public RequestBody body() {
        return body;
    }

    /// The body as JSON, with the bytes it came in.
    public JsonNode json(byte[] bytes) {
        return Json.read(bytes);
    }

    public Exchange set(HeaderName name, String value) {
        response.header(name, value);
        return this;
    }

    public void answer(int status, Object value) {
        send(status, JSON, Json.write(value));
    }

    public void answer(int status, String contentType, byte[] bytes) {
        send(status, HeaderValues.create(HeaderNames.CONTENT_TYPE, contentType), bytes);
    }

    public void answerNothing() {
        prepare(Status.NO_CONTENT_204);
        response.send();
    }

    /// Begins an answer of unknown length. The caller closes the stream.
    public OutputStream stream(String contentType) {
        prepare(Status.OK_200);
        response.header(HeaderNames.CONTENT_TYPE, contentType);
        return response.outputStream();
    }

    /// Calls back, on another thread, when the client goes away before [#answerEnded()]. The body must have been read.
    public void whenClientLeaves(Runnable action) {
        TimedConnection.current().watch(action);
    }

    /// From now on it doesn't matter whether the client is still there.
    public void answerEnded() {
        TimedConnection.current().endWatch();
    }

    /// For an answer that has begun and can't be brought to its end: the connection ends, so that nobody takes it for whole.
    public RuntimeException brokenOff(Throwable cause) {
        return new CloseConnectionException("the answer broke off", cause);
    }

    public boolean isAnswered() {
        return response.isSent();
    }

    void fail(PlatformException e) {
        e.retryAfter()
                .ifPresent(wait -> response.header(
                        HeaderNames.RETRY_AFTER,
                        Long.toString(Math.max(1, wait.plusMillis(999).toSeconds()))));
        if (e.code() == ErrorCode.UNAUTHORIZED) {
            response.header(HeaderNames.WWW_AUTHENTICATE, "Bearer");
        }
        boolean isUnread = body.isUnread();
        if (isUnread) {
            response.header(HeaderValues.CONNECTION_CLOSE);
        }
        send(e.code().httpStatus(), PROBLEM, Json.write(Problems.of(e, requestId)));
        if (isUnread) {
            body.discard();
        }
    }

    int status() {
        return response.status().code();
    }

    private void send(int status, Header contentType, byte[] bytes) {
        prepare(Status.create(status));
        response.header(contentType);
        response.send(bytes);
    }

    private void prepare(Status status) {
        response.status(status);
        response.header(REQUEST_ID, requestId);
        if (!traceParent.isEmpty()) {
            response.header(TRACE_PARENT, traceParent);
        }
        response.header(NO_STORE);
        response.header(NO_SNIFF);
    }
}
