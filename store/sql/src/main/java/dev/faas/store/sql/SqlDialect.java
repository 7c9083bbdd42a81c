package dev.faas.store.sql;

import com.zaxxer.hikari.HikariConfig;
import dev.faas.core.common.PlatformException;
import java.util.Map;

/// Everything in which the two databases differ.
enum SqlDialect {
    SQLITE {
        @Override
        Map<String, String> types() {
            return Map.of("key", "TEXT", "bytes", "BLOB");
        }

        @Override
        String nowMicros() {
            return "CAST(unixepoch('subsec') * 1000000 AS INTEGER)";
        }

        /// WAL lets readers and one writer work side by side, in one process and between processes. With synchronous=FULL a commit is on
        /// disk when it returns; NORMAL would lose the last commits at a power cut.
        @Override
        void configure(HikariConfig pool, SqlConfig config) {
            pool.addDataSourceProperty("journal_mode", "WAL");
            pool.addDataSourceProperty("synchronous", "FULL");
            pool.addDataSourceProperty("foreign_keys", "true");
            pool.addDataSourceProperty("busy_timeout", String.valueOf(config.busyTimeout().toMillis()));
            // A transaction that reads before it writes would otherwise fail at once when another process wrote in between.
            pool.addDataSourceProperty("transaction_mode", "IMMEDIATE");
        }

        @Override
        int writers(SqlConfig config) {
            return 1;
        }
    },

    POSTGRESQL {
        /// Keys compare byte by byte, as in SQLite and in Java, whatever the database's locale.
        @Override
        Map<String, String> types() {
            return Map.of("key", "TEXT COLLATE \"C\"", "bytes", "BYTEA");
        }

        @Override
        String nowMicros() {
            return "CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)";
        }

        @Override
        void configure(HikariConfig pool, SqlConfig config) {
            long seconds = Math.max(1, config.connectTimeout().toSeconds());
            pool.addDataSourceProperty("connectTimeout", String.valueOf(seconds));
            // A server that vanished without a word is noticed by this, not by TCP's many minutes.
            pool.addDataSourceProperty("socketTimeout", String.valueOf(10 * seconds));
            pool.addDataSourceProperty("tcpKeepAlive", "true");
            pool.addDataSourceProperty("ApplicationName", "faas");
        }

        @Override
        int writers(SqlConfig config) {
            return config.readers();
        }
    };

    /// What stands for the types in the migrations.
    abstract Map<String, String> types();

    /// An expression for the time of day by the database's own clock, which all servers share.
    abstract String nowMicros();

    abstract void configure(HikariConfig pool, SqlConfig config);

    /// Connections that may write at once.
    abstract int writers(SqlConfig config);

    static SqlDialect of(String url) {
        if (url.startsWith("jdbc:sqlite:")) {
            return SQLITE;
        }
        if (url.startsWith("jdbc:postgresql:")) {
            return POSTGRESQL;
        }
        throw PlatformException.invalid("database.url", "it must begin with jdbc:sqlite: or jdbc:postgresql:");
    }
}
