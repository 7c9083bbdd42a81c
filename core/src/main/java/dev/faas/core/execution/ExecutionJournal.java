package dev.faas.core.execution;

import dev.faas.core.common.ErrorCode;
import dev.faas.core.common.PlatformException;
import dev.faas.core.common.TimeSource;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Writes records behind the answers: one thread, many records a transaction. Of each execution only the newest record waits, so an
/// execution that is quicker than the writer costs one row. Nothing is lost while the database is away: what was accepted waits, and
/// what finds no room is refused before it is accepted. Thread-safe.
final class ExecutionJournal implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(ExecutionJournal.class);

    private final EngineConfig.Journal config;
    private final ExecutionRepository repository;
    private final ExecutionObserver observer;
    private final TimeSource time;
    private final Consumer<ExecutionRecord> onFinalWritten;
    private final Thread writer;

    private final ReentrantLock journalLock = new ReentrantLock();
    private final Condition wake = journalLock.newCondition();
    private final Condition progress = journalLock.newCondition();
    /// By execution, the one waiting longest first.
    private LinkedHashMap<String, Entry> pending = new LinkedHashMap<>();
    private LinkedHashMap<String, Entry> inFlight = new LinkedHashMap<>();
    private long lastPut;
    private int reserved;
    private boolean isUrgent;
    private boolean isPausing;
    private boolean isClosed;
    private long failures;
    private @Nullable PlatformException lastFailure;

    /// @param onFinalWritten told, on the writer's thread, of each final record that has become durable
    ExecutionJournal(
            EngineConfig.Journal config,
            ExecutionRepository repository,
            ExecutionObserver observer,
            TimeSource time,
            Consumer<ExecutionRecord> onFinalWritten) {
        this.config = config;
        this.repository = repository;
        this.observer = observer;
        this.time = time;
        this.onFinalWritten = onFinalWritten;
        // A platform thread: a database in native code would pin the carrier of a virtual one for as long as the disk takes.
        writer = Thread.ofPlatform().name("faas-journal").daemon().start(this::writeUntilClosed);
    }

    /// Sets room aside for an execution about to be accepted; its final record gives it back.
    ///
    /// @throws PlatformException `STORE_UNAVAILABLE` when too many wait for the database already
    void reserve() {
        journalLock.lock();
        try {
            if (reserved >= config.capacity()) {
                throw PlatformException.retryLater(
                        ErrorCode.STORE_UNAVAILABLE,
                        "the records of " + reserved + " executions wait for the database, more are not accepted",
                        config.retryDelay());
            }
            reserved++;
        } finally {
            journalLock.unlock();
        }
    }

    /// Gives room back that no record will come for.
    void cancelReservation() {
        journalLock.lock();
        try {
            reserved--;
        } finally {
            journalLock.unlock();
        }
    }

    /// Has the record written soon. Never blocks.
    void put(ExecutionRecord executionRecord) {
        journalLock.lock();
        try {
            lastPut++;
            var waiting = pending.get(executionRecord.id());
            pending.put(
                    executionRecord.id(),
                    new Entry(executionRecord, waiting == null ? lastPut : waiting.firstPut()));
            wake.signal();
        } finally {
            journalLock.unlock();
        }
    }

    /// Blocks until everything put so far is durable. Callers share one transaction.
    ///
    /// @throws PlatformException the reason why it could not be made so; it stays in the journal
    void flush() throws InterruptedException {
        journalLock.lock();
        try {
            long wanted = lastPut;
            long failuresBefore = failures;
            while (oldestUnwritten() <= wanted) {
                if ((isPausing || failures > failuresBefore) && lastFailure != null) {
                    throw lastFailure;
                }
                if (isClosed && !writer.isAlive()) {
                    throw new PlatformException(ErrorCode.SHUTTING_DOWN, "the journal is closed");
                }
                isUrgent = true;
                wake.signal();
                progress.await();
            }
        } finally {
            journalLock.unlock();
        }
    }

    /// Executions whose newest record isn't durable yet.
    int backlog() {
        journalLock.lock();
        try {
            return pending.size() + inFlight.size();
        } finally {
            journalLock.unlock();
        }
    }

    /// Writes what is there, if the database takes it, and ends.
    @Override
    public void close() {
        journalLock.lock();
        try {
            isClosed = true;
            isPausing = false;
            wake.signal();
        } finally {
            journalLock.unlock();
        }
        try {
            writer.join();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private long oldestUnwritten() {
        var first = inFlight.isEmpty() ? pending.firstEntry() : inFlight.firstEntry();
        return first == null ? Long.MAX_VALUE : first.getValue().firstPut();
    }

    private void writeUntilClosed() {
        try {
            for (var batch = nextBatch(); !batch.isEmpty(); batch = nextBatch()) {
                write(batch);
            }
        } catch (InterruptedException interrupted) {
            LOG.error("the journal was interrupted; records may be missing");
        } finally {
            announceEnd();
        }
    }

    private void announceEnd() {
        journalLock.lock();
        try {
            isClosed = true;
            if (!pending.isEmpty()) {
                LOG.error("the database was not there at the end: {} records are lost", pending.size());
            }
            progress.signalAll();
        } finally {
            journalLock.unlock();
        }
    }

    /// @return what to write next; nothing when the journal has come to its end
    private List<ExecutionRecord> nextBatch() throws InterruptedException {
        journalLock.lock();
        try {
            while (!isClosed && (pending.isEmpty() || isPausing)) {
                wake.await();
            }
            lingerForCompany();
            // After the close one attempt is made; a database that is away then would hold up the end for ever.
            boolean isHopeless = isClosed && isPausing;
            while (!isHopeless && !pending.isEmpty() && inFlight.size() < config.batch()) {
                var oldest = pending.pollFirstEntry();
                inFlight.put(oldest.getKey(), oldest.getValue());
            }
            if (pending.isEmpty()) {
                isUrgent = false;
            }
            return inFlight.values().stream().map(Entry::newest).toList();
        } finally {
            journalLock.unlock();
        }
    }

    private void lingerForCompany() throws InterruptedException {
        long nanos = config.linger().toNanos();
        while (nanos > 0 && !isUrgent && !isClosed && pending.size() < config.batch()) {
            nanos = wake.awaitNanos(nanos);
        }
    }

    private void write(List<ExecutionRecord> batch) {
        long begin = time.nanoTime();
        try {
            repository.save(batch);
        } catch (PlatformException failure) {
            putBack(failure, batch.size());
            return;
        } catch (RuntimeException failure) {
            writeOneByOne(batch, failure);
            return;
        }
        observer.journalWritten(batch.size(), Duration.ofNanos(time.nanoTime() - begin));
        settle(batch);
    }

    /// A record the database refuses for what it is would hold up all others for ever: it is found, dropped and reported.
    private void writeOneByOne(List<ExecutionRecord> batch, RuntimeException batchFailure) {
        LOG.warn("a batch of {} records was refused, trying them one by one", batch.size(), batchFailure);
        var done = new ArrayList<ExecutionRecord>(batch.size());
        for (var executionRecord : batch) {
            try {
                repository.save(List.of(executionRecord));
            } catch (PlatformException failure) {
                settle(done);
                putBack(failure, batch.size() - done.size());
                return;
            } catch (RuntimeException failure) {
                LOG.error("the record of {} can't be stored and is dropped", executionRecord.id(), failure);
                observer.journalFailed(ErrorCode.INTERNAL, 1, true);
            }
            done.add(executionRecord);
        }
        settle(done);
    }

    private void settle(List<ExecutionRecord> written) {
        var ended = written.stream().filter(one -> one.state().isFinal()).toList();
        ended.forEach(onFinalWritten);
        journalLock.lock();
        try {
            reserved -= ended.size();
            written.forEach(one -> inFlight.remove(one.id()));
            progress.signalAll();
        } finally {
            journalLock.unlock();
        }
    }

    private void putBack(PlatformException failure, int records) {
        LOG.warn("the database took none of {} records and will be asked again: {}", records, failure.getMessage());
        observer.journalFailed(failure.code(), records, false);
        journalLock.lock();
        try {
            var all = inFlight;
            for (var newer : pending.entrySet()) {
                all.merge(newer.getKey(), newer.getValue(), Entry::replacedBy);
            }
            pending = all;
            inFlight = new LinkedHashMap<>();
            failures++;
            lastFailure = failure;
            isPausing = true;
            progress.signalAll();
        } finally {
            journalLock.unlock();
        }
        time.schedule(config.retryDelay(), this::resume);
    }

    private void resume() {
        journalLock.lock();
        try {
            isPausing = false;
            wake.signal();
        } finally {
            journalLock.unlock();
        }
    }

    /// @param firstPut number of the oldest put it stands for
    private record Entry(ExecutionRecord newest, long firstPut) {

        Entry replacedBy(Entry newer) {
            return new Entry(newer.newest, firstPut);
        }
    }
}
