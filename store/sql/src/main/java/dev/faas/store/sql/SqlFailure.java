package dev.faas.store.sql;

import dev.faas.core.common.ErrorCode;
import dev.faas.core.common.PlatformException;
import java.sql.SQLException;
import java.sql.SQLNonTransientConnectionException;
import java.sql.SQLTransientConnectionException;
import java.util.Optional;
import org.sqlite.SQLiteException;

/// Tells a database that is away or full from a mistake of ours.
final class SqlFailure {

    private static final String POSTGRESQL_DISK_FULL = "53100";

    private SqlFailure() {}

    /// What callers are told; a failure that is neither kind is returned as it is.
    static RuntimeException translated(RuntimeException failure) {
        return cause(failure)
                .flatMap(SqlFailure::code)
                .<RuntimeException>map(code -> new PlatformException(code, message(code, failure), failure))
                .orElse(failure);
    }

    private static String message(ErrorCode code, RuntimeException failure) {
        var words = cause(failure).map(Throwable::getMessage).orElse("");
        return code == ErrorCode.STORAGE_FULL
                ? "the database's disk is full: " + words
                : "the database can't be reached: " + words;
    }

    private static Optional<SQLException> cause(Throwable failure) {
        for (Throwable each = failure; each != null; each = each.getCause()) {
            if (each instanceof SQLException sql) {
                return Optional.of(sql);
            }
        }
        return Optional.empty();
    }

    private static Optional<ErrorCode> code(SQLException failure) {
        if (failure instanceof SQLiteException sqlite) {
            return ofSqlite(sqlite);
        }
        if (failure instanceof SQLTransientConnectionException || failure instanceof SQLNonTransientConnectionException) {
            return Optional.of(ErrorCode.STORE_UNAVAILABLE);
        }
        return ofPostgresql(failure.getSQLState() == null ? "" : failure.getSQLState());
    }

    /// Extended result codes carry the primary one in their low byte.
    private static Optional<ErrorCode> ofSqlite(SQLiteException failure) {
        return switch (failure.getResultCode().code & 0xff) {
            case 13 -> Optional.of(ErrorCode.STORAGE_FULL);
            // busy, locked, read-only, input/output, corrupt, can't open, not a database: somebody has to look after the file
            case 5, 6, 8, 10, 11, 14, 26 -> Optional.of(ErrorCode.STORE_UNAVAILABLE);
            default -> Optional.empty();
        };
    }

    /// Classes: connection, resources, operator intervention, system error, serialization failure.
    private static Optional<ErrorCode> ofPostgresql(String state) {
        if (state.equals(POSTGRESQL_DISK_FULL)) {
            return Optional.of(ErrorCode.STORAGE_FULL);
        }
        boolean isAway = state.startsWith("08")
                || state.startsWith("53")
                || state.startsWith("57P")
                || state.startsWith("58")
                || state.startsWith("40");
        return isAway ? Optional.of(ErrorCode.STORE_UNAVAILABLE) : Optional.empty();
    }
}
