package dev.faas.bench;

import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;

/// The anchor of a warm call: a TCP server in Java that does one thing per byte it reads and answers a byte. What stands behind it differs,
/// the relay does not. A virtual thread for every connection.
final class Relay implements Closeable {

    /// What is done for a request; returns when it is done.
    @FunctionalInterface
    interface Handler {
        void handle() throws IOException, InterruptedException;
    }

    /// Makes a connection its own handler.
    @FunctionalInterface
    interface HandlerFactory {
        Handler open() throws IOException;
    }

    private final ServerSocket server;

    Relay(HandlerFactory factory) throws IOException {
        server = new ServerSocket(0, 128, InetAddress.getLoopbackAddress());
        Thread.ofVirtual().start(() -> accept(factory));
    }

    private void accept(HandlerFactory factory) {
        try {
            while (!server.isClosed()) {
                var connection = server.accept();
                Thread.ofVirtual().start(() -> serve(connection, factory));
            }
        } catch (IOException e) {
            if (!server.isClosed()) {
                throw new UncheckedIOException(e);
            }
        }
    }

    private static void serve(Socket connection, HandlerFactory factory) {
        try (connection) {
            connection.setTcpNoDelay(true);
            var handler = factory.open();
            for (int b = connection.getInputStream().read(); b >= 0; b = connection.getInputStream().read()) {
                handler.handle();
                connection.getOutputStream().write(b);
            }
        } catch (IOException e) {
            System.err.println("relay: " + e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /// A client's action on a connection of its own, kept open.
    Contender.Action client() throws IOException {
        var socket = new Socket();
        socket.setTcpNoDelay(true);
        socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), server.getLocalPort()));
        return () -> {
            long start = System.nanoTime();
            socket.getOutputStream().write(1);
            if (socket.getInputStream().read() != 1) {
                throw new IOException("the relay closed the connection");
            }
            return System.nanoTime() - start;
        };
    }

    @Override
    public void close() throws IOException {
        server.close();
    }
}
