package dev.faas.core.instance;

import dev.faas.core.common.PlatformException;
import dev.faas.core.common.TimeSource;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Looks at the instances from time to time: whether their sandboxes are still there, and which records have been kept long enough. At
/// its start it records what servers that died left behind.
final class InstanceRounds implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(InstanceRounds.class);
    private static final String SERVER_DIED = "the server that ran it died";
    private static final int BATCH = 500;
    /// Sandboxes are looked at in each round, the database in every so many.
    private static final int ROUNDS_PER_CLEANING = 12;

    private final InstanceConfig config;
    private final InstanceRepository repository;
    private final TimeSource time;
    private final Runnable findLost;
    private final ReentrantLock scheduleLock = new ReentrantLock();
    private TimeSource.Alarm next = () -> {};
    private int round;
    private boolean isClosed;

    /// @throws PlatformException `STORE_UNAVAILABLE`
    InstanceRounds(InstanceConfig config, InstanceRepository repository, TimeSource time, Runnable findLost) {
        this.config = config;
        this.repository = repository;
        this.time = time;
        this.findLost = findLost;
        failOrphans();
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
                next = time.schedule(
                        config.interval(),
                        () -> Thread.ofPlatform().name("faas-instance-rounds").daemon().start(this::goRound));
            }
        } finally {
            scheduleLock.unlock();
        }
    }

    private void goRound() {
        try {
            findLost.run();
            round = (round + 1) % ROUNDS_PER_CLEANING;
            if (round == 0) {
                failOrphans();
                var oldest = time.instant().minus(config.keepEnded());
                int deleted;
                do {
                    deleted = repository.deleteEndedBefore(oldest, BATCH);
                } while (deleted >= BATCH);
            }
        } catch (PlatformException failure) {
            LOG.warn("the instances were not looked after, the next round tries again: {}", failure.getMessage());
        } finally {
            scheduleNext();
        }
    }

    private void failOrphans() {
        int count = repository.failOrphans(SERVER_DIED, time.instant());
        if (count > 0) {
            LOG.warn("{} instances were lost when their server died", count);
        }
    }
}
