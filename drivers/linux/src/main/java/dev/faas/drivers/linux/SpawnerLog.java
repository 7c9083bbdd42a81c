package dev.faas.drivers.linux;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Passes the spawner's messages on to the log and remembers the last one: if it doesn't start, that is the reason.
/// Thread-safe.
final class SpawnerLog {

    private static final Logger LOG = LoggerFactory.getLogger(SpawnerLog.class);
    private static final String NAME = "faas-spawner: ";

    private final Thread reader;
    private volatile String last = "it said nothing";

    /// Reads until the program ends.
    SpawnerLog(InputStream messages) {
        reader = Thread.ofVirtual().name("faas-spawner-log").start(() -> read(messages));
    }

    /// Of a program that has ended. Blocks until everything it wrote was read.
    String lastWords() {
        try {
            reader.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return last;
    }

    private void read(InputStream messages) {
        try (var lines = new BufferedReader(new InputStreamReader(messages, StandardCharsets.UTF_8))) {
            lines.lines().forEach(line -> {
                LOG.info("{}", line);
                last = line.startsWith(NAME) ? line.substring(NAME.length()) : line;
            });
        } catch (IOException | UncheckedIOException e) {
            LOG.debug("the spawner's messages end", e);
        }
    }
}
