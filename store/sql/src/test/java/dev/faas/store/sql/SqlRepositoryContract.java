package dev.faas.store.sql;

import dev.faas.core.execution.ExecutionRepository;
import dev.faas.testkit.execution.ExecutionRepositoryContract;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;

/// The repository's contract over a database, where another server is another process.
abstract class SqlRepositoryContract extends ExecutionRepositoryContract {

    private @Nullable Stores stores;

    /// An empty database, the same for the whole test.
    abstract SqlConfig config();

    @Override
    protected ExecutionRepository repository() {
        return stores().own().executions();
    }

    @Override
    protected Server anotherServer() {
        var other = stores().another();
        return new Server() {
            @Override
            public ExecutionRepository repository() {
                return other.store().executions();
            }

            @Override
            public void kill() {
                other.kill();
            }
        };
    }

    @AfterEach
    void close() throws Exception {
        stores().close();
    }

    private Stores stores() {
        if (stores == null) {
            stores = new Stores(config());
        }
        return stores;
    }
}
