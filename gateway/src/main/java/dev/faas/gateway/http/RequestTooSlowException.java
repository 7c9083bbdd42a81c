package dev.faas.gateway.http;

/// A client sends so slowly that it looks like an attack. Becomes a 408 while there is somebody to answer, else the end
/// of the connection.
final class RequestTooSlowException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    RequestTooSlowException(String message) {
        super(message);
    }
}
