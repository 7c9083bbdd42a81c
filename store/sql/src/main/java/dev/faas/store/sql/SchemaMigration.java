package dev.faas.store.sql;

import dev.faas.core.common.ErrorCode;
import dev.faas.core.common.PlatformException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import javax.sql.DataSource;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.FlywayException;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.JdbiException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Brings the schema to the version this program knows.
final class SchemaMigration {

    /// The newest migration; a test compares it with the files.
    static final int NEWEST = 4;

    private static final Logger LOG = LoggerFactory.getLogger(SchemaMigration.class);

    private SchemaMigration() {}

    /// @throws PlatformException when the database was made by a newer version, or can't be reached
    static void run(DataSource source, SqlDialect dialect, Optional<Path> lockFile) {
        // Flyway needs a third of a second to find out that there is nothing to do; one query tells the same.
        int present = version(source);
        if (present == NEWEST) {
            return;
        }
        if (present > NEWEST) {
            throw new PlatformException(
                    ErrorCode.STORE_UNAVAILABLE,
                    "the database has schema version " + present + ", this program knows " + NEWEST
                            + ": use the newer program");
        }
        if (lockFile.isPresent()) {
            migrateLocked(source, dialect, lockFile.get());
        } else {
            migrate(source, dialect);
        }
    }

    /// SQLite has no lock that Flyway could hold over several transactions.
    private static void migrateLocked(DataSource source, SqlDialect dialect, Path lockFile) {
        try (var channel = FileChannel.open(lockFile, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                var lock = channel.lock()) {
            LOG.debug("holding {} while the schema is migrated", lock);
            migrate(source, dialect);
        } catch (IOException failure) {
            throw new PlatformException(
                    ErrorCode.STORE_UNAVAILABLE, "can't lock " + lockFile + ": " + failure.getMessage(), failure);
        }
    }

    private static void migrate(DataSource source, SqlDialect dialect) {
        try {
            var result = Flyway.configure(SchemaMigration.class.getClassLoader())
                    .dataSource(source)
                    .loggers("slf4j")
                    .locations("classpath:db/migration")
                    .placeholders(dialect.types())
                    .load()
                    .migrate();
            LOG.info("database schema is at version {}", result.targetSchemaVersion);
        } catch (FlywayException failure) {
            throw SqlFailure.translated(failure);
        }
    }

    private static int version(DataSource source) {
        try {
            return Jdbi.create(source).withHandle(handle -> handle.createQuery(
                            "SELECT max(CAST(version AS INTEGER)) FROM flyway_schema_history WHERE version IS NOT NULL")
                    .mapTo(Integer.class)
                    .findOne()
                    .orElse(0));
        } catch (JdbiException failure) {
            var translated = SqlFailure.translated(failure);
            if (translated instanceof PlatformException) {
                throw translated;
            }
            LOG.debug("no schema yet: {}", failure.getMessage());
            return 0;
        }
    }
}
