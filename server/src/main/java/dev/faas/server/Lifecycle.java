package dev.faas.server;

import java.util.ArrayDeque;
import java.util.Deque;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Components in the order they were started; they are closed in the reverse one. A component that fails to close doesn't keep the
/// others from being closed. Confined to the thread that starts them until [#close].
final class Lifecycle implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Lifecycle.class);

    private final Deque<Part> parts = new ArrayDeque<>();

    /// Takes a started component over.
    <T extends AutoCloseable> T add(String name, T component) {
        parts.push(new Part(name, component));
        return component;
    }

    /// Closes everything; doing it twice does nothing.
    @Override
    public void close() {
        while (!parts.isEmpty()) {
            var part = parts.pop();
            try {
                part.component().close();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                LOG.warn("interrupted while stopping {}", part.name());
            } catch (Exception e) {
                LOG.error("{} did not stop cleanly", part.name(), e);
            }
        }
    }

    private record Part(String name, AutoCloseable component) {}
}
