package dev.faas.gateway;

import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;

/// Sends bytes that no HTTP client would send.
final class RawClient {

    private static final int PATIENCE_MILLIS = 20_000;

    private RawClient() {}

    /// Sends all of it and reads until the server closes, or has answered once and stays silent.
    static String ask(int port, String request) throws IOException {
        return ask(port, request.getBytes(StandardCharsets.ISO_8859_1));
    }

    static String ask(int port, byte[] request) throws IOException {
        try (var socket = connect(port)) {
            socket.getOutputStream().write(request);
            return read(socket);
        }
    }

    static Socket connect(int port) throws IOException {
        var socket = new Socket("127.0.0.1", port);
        socket.setSoTimeout(PATIENCE_MILLIS);
        return socket;
    }

    /// One answer, its body by Content-Length; empty if the server closed without any.
    static String read(Socket socket) throws IOException {
        var answer = new StringBuilder();
        var in = socket.getInputStream();
        try {
            for (int b; !isComplete(answer) && (b = in.read()) >= 0; ) {
                answer.append((char) b);
            }
        } catch (java.net.SocketException e) {
            // A reset is an end too.
            return answer.toString();
        }
        return answer.toString();
    }

    private static boolean isComplete(StringBuilder answer) {
        int head = answer.indexOf("\r\n\r\n");
        if (head < 0) {
            return false;
        }
        var length =
                java.util.regex.Pattern.compile("(?i)content-length: (\\d+)").matcher(answer);
        return length.find() && answer.length() >= head + 4 + Integer.parseInt(length.group(1));
    }
}
