package dev.faas.store.sql;

import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.JdbiException;
import org.jspecify.annotations.Nullable;

/// Runs reads and writes, each in a transaction, and says it in the platform's words when the database is away. Thread-safe.
final class SqlTransactions implements AutoCloseable {

    private final Jdbi writers;
    private final Jdbi readers;
    private final @Nullable ExecutorService writerThread;

    SqlTransactions(SqlDialect dialect, Jdbi writers, Jdbi readers) {
        this.writers = writers;
        this.readers = readers;
        // SQLite is native code: a virtual thread that waits for the disk in it would keep its carrier, of which there
        // are as many as cores.
        writerThread = dialect == SqlDialect.SQLITE
                ? Executors.newSingleThreadExecutor(
                        Thread.ofPlatform().name("faas-sql-writer").daemon().factory())
                : null;
    }

    <T extends @Nullable Object> T read(Work<T> work) {
        try {
            return readers.withHandle(work::in);
        } catch (JdbiException failure) {
            throw SqlFailure.translated(failure);
        }
    }

    <T extends @Nullable Object> T write(Work<T> work) {
        var thread = writerThread;
        if (thread == null || !Thread.currentThread().isVirtual()) {
            return writeHere(work);
        }
        return join(thread.submit(() -> writeHere(work)));
    }

    @Override
    public void close() {
        if (writerThread != null) {
            writerThread.close();
        }
    }

    private <T extends @Nullable Object> T writeHere(Work<T> work) {
        try {
            return writers.inTransaction(work::in);
        } catch (JdbiException failure) {
            throw SqlFailure.translated(failure);
        }
    }

    /// A transaction that has begun is not abandoned: its end is waited for and an interruption is passed on afterwards.
    private static <T extends @Nullable Object> T join(Future<T> future) {
        boolean isInterrupted = false;
        try {
            while (true) {
                try {
                    return future.get();
                } catch (InterruptedException interrupted) {
                    isInterrupted = true;
                } catch (ExecutionException failure) {
                    throw failure.getCause() instanceof RuntimeException cause
                            ? cause
                            : new IllegalStateException("a transaction failed", failure.getCause());
                }
            }
        } finally {
            if (isInterrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    @FunctionalInterface
    interface Work<T extends @Nullable Object> {
        T in(Handle handle);
    }
}
