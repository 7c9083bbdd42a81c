package dev.faas.store.sql;

import dev.faas.core.common.PlatformException;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jdbi.v3.core.Handle;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Shows the other users of the database that this server lives, and finds those that don't. On the same machine a dead process is seen at
/// once; elsewhere a server is dead when its lease has run out, by the database's clock.
final class ServerLease implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(ServerLease.class);
    /// So many signs may get lost before the lease runs out.
    private static final int SIGNS_PER_LEASE = 4;

    private final SqlTransactions transactions;
    private final ServerIdentity identity;
    private final Duration length;
    private final String nowMicros;
    private final CountDownLatch closed = new CountDownLatch(1);
    private final Thread signs;

    ServerLease(SqlTransactions transactions, ServerIdentity identity, Duration length, SqlDialect dialect) {
        this.transactions = transactions;
        this.identity = identity;
        this.length = length;
        nowMicros = dialect.nowMicros();
        signs = Thread.ofPlatform().name("faas-sql-lease").daemon().unstarted(this::giveSigns);
    }

    /// What rows of this server carry.
    String serverId() {
        return identity.id();
    }

    void begin() {
        giveSign();
        signs.start();
    }

    /// Takes the rows of dead servers away; whatever else names them is then nobody's.
    void removeDead(Handle handle) {
        long oldest = length.toNanos() / 1000;
        handle.createUpdate("DELETE FROM servers WHERE id <> :self AND seen_at < " + nowMicros + " - :lease")
                .bind("self", identity.id())
                .bind("lease", oldest)
                .execute();
        for (var other : others(handle)) {
            if (other.isCertainlyDead()) {
                handle.createUpdate("DELETE FROM servers WHERE id = :id").bind("id", other.id()).execute();
            }
        }
    }

    @Override
    public void close() {
        closed.countDown();
        awaitLastSign();
        try {
            transactions.write(handle -> handle.createUpdate("DELETE FROM servers WHERE id = :id")
                    .bind("id", identity.id())
                    .execute());
        } catch (PlatformException failure) {
            LOG.warn("the server's lease was not given back and will run out: {}", failure.getMessage());
        }
    }

    private void awaitLastSign() {
        try {
            signs.join();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private List<ServerIdentity> others(Handle handle) {
        return handle.createQuery("SELECT id, host, pid, started_at FROM servers WHERE id <> :self")
                .bind("self", identity.id())
                .map((row, context) -> new ServerIdentity(
                        row.getString("id"),
                        row.getString("host"),
                        row.getLong("pid"),
                        Instant.EPOCH.plus(row.getLong("started_at"), ChronoUnit.MICROS)))
                .list();
    }

    private void giveSigns() {
        long pause = length.toMillis() / SIGNS_PER_LEASE;
        try {
            while (!closed.await(pause, TimeUnit.MILLISECONDS)) {
                tryGiveSign();
            }
        } catch (InterruptedException interrupted) {
            LOG.warn("no more signs of life are given");
        }
    }

    private void tryGiveSign() {
        try {
            giveSign();
        } catch (PlatformException failure) {
            LOG.warn("no sign of life could be given: {}", failure.getMessage());
        }
    }

    /// A server that was taken for dead registers anew: what it runs now is its own again.
    private void giveSign() {
        transactions.write(handle -> handle.createUpdate("INSERT INTO servers (id, host, pid, started_at, seen_at)"
                        + " VALUES (:id, :host, :pid, :started, " + nowMicros + ")"
                        + " ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at")
                .bind("id", identity.id())
                .bind("host", identity.host())
                .bind("pid", identity.pid())
                .bind("started", ChronoUnit.MICROS.between(Instant.EPOCH, identity.startedAt()))
                .execute());
    }
}
