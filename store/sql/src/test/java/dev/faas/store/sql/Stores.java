package dev.faas.store.sql;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Opened stores over one database: this server's, and those of others that can be killed.
final class Stores {

    private final SqlConfig config;
    private final List<AutoCloseable> opened = new ArrayList<>();
    private @Nullable SqlStore own;

    Stores(SqlConfig config) {
        this.config = config;
    }

    SqlStore own() {
        if (own == null) {
            own = SqlStore.open(config);
            opened.add(own);
        }
        return own;
    }

    /// Its store lives in this process, but the process it says to be is a real one, which is really killed.
    Other another() {
        own();
        var process = startIdleProcess();
        var other = SqlStore.open(config, ServerIdentity.of(process.toHandle()));
        opened.add(other);
        return new Other(other, process);
    }

    void close() throws Exception {
        for (var one : opened.reversed()) {
            one.close();
        }
    }

    private Process startIdleProcess() {
        try {
            var process = new ProcessBuilder("cat").start();
            opened.add(() -> process.destroyForcibly().onExit().join());
            return process;
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    record Other(SqlStore store, Process process) {

        void kill() {
            process.destroyForcibly().onExit().join();
        }
    }
}
