package dev.faas.server.config;

import dev.faas.store.sql.SqlConfig;
import java.nio.file.Path;

/// Where records are kept: SQLite in the data directory, or PostgreSQL once a host or a URL is named.
final class DatabaseSettings {

    private static final Key URL = Key.of("db.url", "`jdbc:sqlite:FILE` or `jdbc:postgresql://HOST:PORT/NAME`; wins over `db.host`.");
    private static final int DEFAULT_PORT = 5432;
    private static final int MAX_PORT = 65_535;

    private DatabaseSettings() {}

    static SqlConfig read(Settings settings, Path dataDir) {
        var host = settings.text(
                Key.of("db.host", "PostgreSQL's host; without one, and without `db.url`, records are kept in SQLite.").as("DB_HOST"), "");
        int port = settings.number(Key.of("db.port", "PostgreSQL's port.").as("DB_PORT"), DEFAULT_PORT, 1, MAX_PORT);
        var name = settings.text(Key.of("db.name", "PostgreSQL's database.").as("DB_NAME"), "faas");
        var tls = settings.text(Key.of("db.sslmode", "As in PostgreSQL's own tools.").as("DB_SSLMODE"), "prefer");
        var user = settings.text(Key.of("db.user", "PostgreSQL's user.").as("DB_USER"), "postgres");
        var password = settings.secret(Key.of("db.password", "PostgreSQL's password.").as("DB_PASSWORD"));
        var url = url(settings, dataDir, host.isEmpty() ? "" : "jdbc:postgresql://%s:%d/%s?sslmode=%s".formatted(host, port, name, tls));
        var isServer = url.startsWith("jdbc:postgresql:");
        var fallback = defaults(settings, url, isServer ? user : "", isServer ? password.reveal() : "");
        return new SqlConfig(
                url,
                fallback.user(),
                fallback.password(),
                settings.number(Key.of("db.readers", "Connections for reading."), fallback.readers(), 1, 1000),
                settings.duration(
                        Key.of("db.connect-timeout", "How long a call waits for a connection."), fallback.connectTimeout()),
                settings.duration(
                        Key.of("db.busy-timeout", "How long SQLite waits for another process that writes."),
                        fallback.busyTimeout()),
                settings.duration(
                        Key.of("db.lease", "How long a server that can't be looked at counts as alive after its last sign; "
                                + "20s with PostgreSQL."),
                        fallback.lease()));
    }

    private static String url(Settings settings, Path dataDir, String fromHost) {
        var url = settings.text(URL, "");
        if (!url.isEmpty()) {
            return url;
        }
        return fromHost.isEmpty() ? "jdbc:sqlite:" + dataDir.resolve("faas.db") : fromHost;
    }

    private static SqlConfig defaults(Settings settings, String url, String user, String password) {
        try {
            return SqlConfig.of(url, user, password);
        } catch (IllegalArgumentException e) {
            settings.refuse(URL, String.valueOf(e.getMessage()));
            return SqlConfig.of("jdbc:sqlite:refused");
        }
    }
}
