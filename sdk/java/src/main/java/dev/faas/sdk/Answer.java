package dev.faas.sdk;

import java.io.InputStream;
import java.net.HttpURLConnection;
import java.util.Objects;

/// What a server answered. Closing it gives up the rest of the body and the connection with it.
///
/// @param body unread
record Answer(HttpURLConnection connection, int status, InputStream body) implements AutoCloseable {

    String contentType() {
        return Objects.requireNonNullElse(connection.getContentType(), "");
    }

    @Override
    public void close() {
        connection.disconnect();
    }
}
