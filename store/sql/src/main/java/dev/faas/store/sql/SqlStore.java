package dev.faas.store.sql;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import com.zaxxer.hikari.pool.HikariPool.PoolInitializationException;
import dev.faas.core.cache.CachedResultRepository;
import dev.faas.core.execution.ExecutionRepository;
import dev.faas.core.instance.InstanceRepository;
import java.nio.file.Path;
import java.util.Optional;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.JdbiException;

/// A database, opened. Thread-safe.
///
/// With SQLite one connection writes and others read meanwhile; several processes may use one file. A commit is on disk when it returns.
public final class SqlStore implements AutoCloseable {

    private static final String SQLITE_PREFIX = "jdbc:sqlite:";

    private final HikariDataSource writerPool;
    private final HikariDataSource readerPool;
    private final SqlTransactions transactions;
    private final ServerLease lease;
    private final SqlExecutionRepository executions;
    private final SqlInstanceRepository instances;
    private final SqlCachedResultRepository cachedResults;

    private SqlStore(SqlConfig config, ServerIdentity identity) {
        var dialect = SqlDialect.of(config.url());
        writerPool = pool(config, dialect, "writer", dialect.writers(config));
        try {
            SchemaMigration.run(writerPool, dialect, lockFile(config));
            // PostgreSQL's connections do both.
            readerPool = dialect == SqlDialect.SQLITE ? pool(config, dialect, "reader", config.readers()) : writerPool;
        } catch (RuntimeException failure) {
            writerPool.close();
            throw SqlFailure.translated(failure);
        }
        transactions = new SqlTransactions(dialect, Jdbi.create(writerPool), Jdbi.create(readerPool));
        lease = new ServerLease(transactions, identity, config.lease(), dialect);
        executions = new SqlExecutionRepository(transactions, lease);
        instances = new SqlInstanceRepository(transactions, lease);
        cachedResults = new SqlCachedResultRepository(transactions);
        try {
            lease.begin();
        } catch (RuntimeException failure) {
            closePools();
            throw failure;
        }
    }

    /// Connects, brings the schema up to date and takes a lease for this process.
    ///
    /// @throws PlatformException `STORE_UNAVAILABLE` with the reason
    public static SqlStore open(SqlConfig config) {
        return open(config, ServerIdentity.ofThisProcess());
    }

    static SqlStore open(SqlConfig config, ServerIdentity identity) {
        try {
            return new SqlStore(config, identity);
        } catch (PoolInitializationException | JdbiException failure) {
            throw SqlFailure.translated(failure);
        }
    }

    public ExecutionRepository executions() {
        return executions;
    }

    public InstanceRepository instances() {
        return instances;
    }

    public CachedResultRepository cachedResults() {
        return cachedResults;
    }

    /// Asks the database for a sign of life.
    ///
    /// @throws PlatformException `STORE_UNAVAILABLE`
    public void check() {
        transactions.read(handle -> handle.createQuery("SELECT 1").mapTo(Integer.class).one());
    }

    @Override
    public void close() {
        lease.close();
        closePools();
    }

    private void closePools() {
        transactions.close();
        readerPool.close();
        writerPool.close();
    }

    private static HikariDataSource pool(SqlConfig config, SqlDialect dialect, String purpose, int size) {
        var pool = new HikariConfig();
        pool.setPoolName("faas-sql-" + purpose);
        pool.setJdbcUrl(config.url());
        if (!config.user().isEmpty()) {
            pool.setUsername(config.user());
            pool.setPassword(config.password());
        }
        pool.setMaximumPoolSize(size);
        // Only the first connection is made at once: the start of a short-lived process pays for no other.
        pool.setMinimumIdle(1);
        pool.setConnectionTimeout(config.connectTimeout().toMillis());
        pool.setInitializationFailTimeout(1);
        dialect.configure(pool, config);
        return new HikariDataSource(pool);
    }

    private static Optional<Path> lockFile(SqlConfig config) {
        return config.url().startsWith(SQLITE_PREFIX)
                ? Optional.of(Path.of(config.url().substring(SQLITE_PREFIX.length()) + ".lock"))
                : Optional.empty();
    }
}
