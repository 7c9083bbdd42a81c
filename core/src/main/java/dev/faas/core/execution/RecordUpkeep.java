package dev.faas.core.execution;

import dev.faas.core.common.PlatformException;
import dev.faas.core.common.TimeSource;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.IntSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Records what dead servers left unfinished, at start and from time to time, and deletes what has been kept long enough.
final class RecordUpkeep implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(RecordUpkeep.class);
    private static final String SERVER_STOPPED = "server stopped";

    private final EngineConfig.Retention config;
    private final ExecutionRepository repository;
    private final TimeSource time;
    private final ReentrantLock scheduleLock = new ReentrantLock();
    private TimeSource.Alarm next = () -> {};
    private boolean isClosed;

    /// @throws PlatformException `STORE_UNAVAILABLE`
    RecordUpkeep(EngineConfig.Retention config, ExecutionRepository repository, TimeSource time) {
        this.config = config;
        this.repository = repository;
        this.time = time;
        failUnfinished();
        scheduleNext();
    }

    @Override
    public void close() {
        scheduleLock.lock();
        try {
            isClosed = true;
            next.cancel();
        } finally {
            scheduleLock.unlock();
        }
    }

    private void scheduleNext() {
        scheduleLock.lock();
        try {
            if (!isClosed) {
                // A platform thread, for the same reason as the journal's.
                next = time.schedule(
                        config.interval(),
                        () -> Thread.ofPlatform().name("faas-upkeep").daemon().start(this::tidyUp));
            }
        } finally {
            scheduleLock.unlock();
        }
    }

    private void tidyUp() {
        try {
            failUnfinished();
            var now = time.instant();
            var oldest = now.minus(config.maxAge());
            repeat(() -> repository.deleteFinishedBefore(oldest, config.batch()));
            repeat(() -> repository.deleteFinishedBeyond(config.maxRecords(), config.batch()));
            repeat(() -> repository.deleteExpiredKeys(now, config.batch()));
        } catch (PlatformException failure) {
            LOG.warn("old records were not deleted, the next round tries again: {}", failure.getMessage());
        } finally {
            scheduleNext();
        }
    }

    /// Small transactions let others write in between.
    private void repeat(IntSupplier deletion) {
        int deleted;
        do {
            deleted = deletion.getAsInt();
        } while (deleted >= config.batch());
    }

    private void failUnfinished() {
        int count = repository.failUnfinished(SERVER_STOPPED, time.instant());
        if (count > 0) {
            LOG.warn("{} executions were unfinished when their server stopped", count);
        }
    }
}
