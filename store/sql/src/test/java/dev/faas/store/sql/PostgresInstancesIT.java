package dev.faas.store.sql;

import dev.faas.testkit.service.PostgresServer;
import java.io.IOException;
import org.jdbi.v3.core.Jdbi;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.jspecify.annotations.Nullable;

final class PostgresInstancesIT extends SqlInstancesContract {

    private static @Nullable PostgresServer server;

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
    SqlConfig config() {
        return SqlConfig.of(running().jdbcUrl(), running().user(), "");
    }

    private static PostgresServer running() {
        if (server == null) {
            throw new IllegalStateException("the server has not been started");
        }
        return server;
    }
}
