package dev.faas.sdk;

import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// A request that can be sent, and sent again. Confined to one thread.
final class Call {

    private final String method;
    private final String pathAndQuery;
    private final Map<String, String> headers = new LinkedHashMap<>();
    private @Nullable Supplier<InputStream> body;
    private long bodyLength;

    private Call(String method, String pathAndQuery) {
        this.method = method;
        this.pathAndQuery = pathAndQuery;
    }

    static Call get(String pathAndQuery) {
        return new Call("GET", pathAndQuery);
    }

    static Call delete(String pathAndQuery) {
        return new Call("DELETE", pathAndQuery);
    }

    static Call put(String pathAndQuery) {
        return new Call("PUT", pathAndQuery);
    }

    static Call post(String pathAndQuery) {
        return new Call("POST", pathAndQuery);
    }

    /// A body in memory.
    Call body(String contentType, byte[] bytes) {
        body = () -> new ByteArrayInputStream(bytes);
        bodyLength = bytes.length;
        return header("Content-Type", contentType);
    }

    /// A body of unknown length, opened when it is sent.
    Call body(String contentType, Supplier<InputStream> source) {
        body = source;
        bodyLength = -1;
        return header("Content-Type", contentType);
    }

    Call header(String name, String value) {
        headers.put(name, value);
        return this;
    }

    String method() {
        return method;
    }

    String pathAndQuery() {
        return pathAndQuery;
    }

    Map<String, String> headers() {
        return headers;
    }

    @Nullable
    Supplier<InputStream> body() {
        return body;
    }

    /// -1 if it isn't known.
    long bodyLength() {
        return bodyLength;
    }
}
