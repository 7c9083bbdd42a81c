package dev.faas.bench;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/// A kept-alive HTTP/1.1 connection that adds as little as possible to what is measured. Confined to one thread.
final class HttpConnection implements Closeable {

    private static final int TIMEOUT_MS = 120_000;
    private static final int MAX_LINE = 16_384;

    private final Socket socket;
    private final InputStream in;
    private final String host;

    HttpConnection(InetSocketAddress address) throws IOException {
        socket = new Socket();
        socket.setTcpNoDelay(true);
        socket.setSoTimeout(TIMEOUT_MS);
        socket.connect(address, TIMEOUT_MS);
        in = new BufferedInputStream(socket.getInputStream(), 16_384);
        host = address.getHostString() + ":" + address.getPort();
    }

    /// Sends and waits for the last byte of the answer.
    Answer exchange(byte[] request) throws IOException {
        socket.getOutputStream().write(request);
        var statusLine = line();
        int status = Integer.parseInt(statusLine.substring(9, 12));
        int length = -1;
        boolean chunked = false;
        for (var header = line(); !header.isEmpty(); header = line()) {
            var lower = header.toLowerCase(Locale.ROOT);
            if (lower.startsWith("content-length:")) {
                length = Integer.parseInt(header.substring(15).strip());
            } else if (lower.startsWith("transfer-encoding:") && lower.contains("chunked")) {
                chunked = true;
            }
        }
        return new Answer(status, chunked ? chunks() : in.readNBytes(Math.max(length, 0)));
    }

    /// The bytes of a request, made once and sent often.
    byte[] request(String method, String path, String headers, String body) {
        var bytes = body.getBytes(StandardCharsets.UTF_8);
        var head = method + " " + path + " HTTP/1.1\r\nHost: " + host + "\r\nContent-Length: " + bytes.length + "\r\n"
                + (bytes.length > 0 ? "Content-Type: application/json\r\n" : "") + headers + "\r\n";
        var out = new ByteArrayOutputStream();
        out.writeBytes(head.getBytes(StandardCharsets.US_ASCII));
        out.writeBytes(bytes);
        return out.toByteArray();
    }

    private byte[] chunks() throws IOException {
        var out = new ByteArrayOutputStream();
        for (int size = chunkSize(); size > 0; size = chunkSize()) {
            out.writeBytes(in.readNBytes(size));
            line();
        }
        line();
        return out.toByteArray();
    }

    private int chunkSize() throws IOException {
        var line = line();
        int semicolon = line.indexOf(';');
        return Integer.parseInt(semicolon < 0 ? line.strip() : line.substring(0, semicolon).strip(), 16);
    }

    private String line() throws IOException {
        var line = new StringBuilder(64);
        for (int b = in.read(); b != '\n'; b = in.read()) {
            if (b < 0) {
                throw new EOFException("the server closed the connection");
            }
            if (line.length() > MAX_LINE) {
                throw new IOException("a header line is too long");
            }
            if (b != '\r') {
                line.append((char) b);
            }
        }
        return line.toString();
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }

    record Answer(int status, byte[] body) {
        String text() {
            return new String(body, StandardCharsets.UTF_8);
        }
    }
}
