package dev.faas.store.sql;

import dev.faas.core.execution.ExecutionRepository;
import dev.faas.testkit.execution.ExecutionRepositoryContract;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;

/// The repository's contract over a database, where another server is another process.
abstract class SqlRepositoryContract extends ExecutionRepositoryContract {

    private final List<AutoCloseable> opened = new ArrayList<>();
    private @Nullable SqlStore store;

    /// An empty database, the same for the whole test.
    abstract SqlConfig config();

    @Override
    protected ExecutionRepository repository() {
        if (store == null) {
            store = SqlStore.open(config());
            opened.add(store);
        }
        return store.executions();
    }

    /// Its store lives in this process, but the process it says to be is a real one, which is really killed.
    @Override
    protected Server anotherServer() {
        repository();
        var process = startIdleProcess();
        var other = SqlStore.open(config(), ServerIdentity.of(process.toHandle()));
        opened.add(other);
        return new Server() {
            @Override
            public ExecutionRepository repository() {
                return other.executions();
            }

            @Override
            public void kill() {
                process.destroyForcibly().onExit().join();
            }
        };
    }

    @AfterEach
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
}
