package dev.faas.store.sql;

import dev.faas.core.cache.CachedResultRepository;
import dev.faas.testkit.cache.CachedResultRepositoryContract;
import dev.faas.testkit.service.PostgresServer;
import java.io.IOException;
import org.jdbi.v3.core.Jdbi;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;

final class PostgresCachedResultsIT extends CachedResultRepositoryContract {

    private static @Nullable PostgresServer server;

    private @Nullable SqlStore store;

    @BeforeAll
    static void startServer() throws IOException, InterruptedException {
        server = PostgresServer.start();
    }

    @AfterAll
    static void stopServer() {
        running().close();
    }

    @BeforeEach
    void emptyDatabase() {
        Jdbi.create(running().jdbcUrl(), running().user(), "").useHandle(handle -> {
            handle.execute("DROP SCHEMA public CASCADE");
            handle.execute("CREATE SCHEMA public");
        });
    }

    @Override
    protected CachedResultRepository repository() {
        if (store == null) {
            store = SqlStore.open(SqlConfig.of(running().jdbcUrl(), running().user(), ""));
        }
        return store.cachedResults();
    }

    @AfterEach
    void close() {
        if (store != null) {
            store.close();
        }
    }

    private static PostgresServer running() {
        if (server == null) {
            throw new IllegalStateException("the server has not been started");
        }
        return server;
    }
}
