package dev.faas.store.sql;

import java.time.Duration;

/// Which database, and how it is used.
///
/// @param url            `jdbc:sqlite:<file>` or `jdbc:postgresql://<host>:<port>/<database>`
/// @param user           PostgreSQL's; empty for what the URL says
/// @param password       as above
/// @param readers        connections for reading
/// @param connectTimeout how long a call waits for a connection before it says that the database is away
/// @param busyTimeout    how long SQLite waits for another process that writes
/// @param lease          how long a server that can't be looked at counts as alive after its last sign
public record SqlConfig(
        String url,
        String user,
        String password,
        int readers,
        Duration connectTimeout,
        Duration busyTimeout,
        Duration lease) {

    private static final int DEFAULT_READERS = 4;
    private static final Duration DEFAULT_CONNECT_TIMEOUT = Duration.ofSeconds(3);
    private static final Duration DEFAULT_BUSY_TIMEOUT = Duration.ofSeconds(5);
    private static final Duration SHARED_LEASE = Duration.ofSeconds(20);
    /// SQLite's servers are on one machine and look at each other's process; a sign of life costs the disk a write.
    private static final Duration LOCAL_LEASE = Duration.ofMinutes(2);

    /// Everything else as it is by default.
    public static SqlConfig of(String url) {
        return of(url, "", "");
    }

    public static SqlConfig of(String url, String user, String password) {
        return new SqlConfig(
                url,
                user,
                password,
                DEFAULT_READERS,
                DEFAULT_CONNECT_TIMEOUT,
                DEFAULT_BUSY_TIMEOUT,
                SqlDialect.of(url) == SqlDialect.SQLITE ? LOCAL_LEASE : SHARED_LEASE);
    }

    /// Without the password.
    @Override
    public String toString() {
        return "SqlConfig[url=" + url + ", user=" + user + "]";
    }
}
