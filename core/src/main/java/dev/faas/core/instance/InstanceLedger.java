package dev.faas.core.instance;

import dev.faas.core.common.ErrorCode;
import dev.faas.core.common.PlatformException;
import dev.faas.core.common.TimeSource;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Writes what becomes of instances behind the answers, the newest of each. It holds one record an instance at most, so it is bounded by
/// their number. Thread-safe.
final class InstanceLedger {

    private static final Logger LOG = LoggerFactory.getLogger(InstanceLedger.class);

    private final InstanceRepository repository;
    private final TimeSource time;
    private final Duration retryDelay;
    private final Consumer<Instance> onWritten;
    private final ReentrantLock ledgerLock = new ReentrantLock();
    private final Condition changed = ledgerLock.newCondition();
    private final Map<String, Instance> waiting = new LinkedHashMap<>();
    private boolean isWriting;
    private long failures;
    private String lastFailure = "";

    /// @param onWritten told of each record that has become durable; must not block
    InstanceLedger(
            InstanceRepository repository, TimeSource time, Duration retryDelay, Consumer<Instance> onWritten) {
        this.repository = repository;
        this.time = time;
        this.retryDelay = retryDelay;
        this.onWritten = onWritten;
    }

    /// Takes a newer record. Doesn't block.
    void note(Instance newer) {
        ledgerLock.lock();
        try {
            waiting.put(newer.id(), newer);
            startWriting();
        } finally {
            ledgerLock.unlock();
        }
    }

    /// Blocks until everything noted so far is durable.
    ///
    /// @throws PlatformException `STORE_UNAVAILABLE` when an attempt failed meanwhile; it goes on being tried
    void flush() {
        ledgerLock.lock();
        try {
            long before = failures;
            if (!waiting.isEmpty()) {
                startWriting();
            }
            while (isWriting || !waiting.isEmpty()) {
                if (failures > before) {
                    throw new PlatformException(ErrorCode.STORE_UNAVAILABLE, lastFailure);
                }
                changed.awaitUninterruptibly();
            }
        } finally {
            ledgerLock.unlock();
        }
    }

    /// Called with the lock held.
    private void startWriting() {
        if (!isWriting) {
            isWriting = true;
            Thread.ofVirtual().name("faas-instance-ledger").start(this::writeAll);
        }
    }

    private void writeAll() {
        for (var batch = take(); !batch.isEmpty(); batch = take()) {
            try {
                repository.update(batch);
            } catch (RuntimeException failure) {
                putBack(batch, failure);
                return;
            }
            batch.forEach(onWritten);
        }
    }

    /// Nothing left is the end of the writing.
    private List<Instance> take() {
        ledgerLock.lock();
        try {
            var batch = new ArrayList<>(waiting.values());
            waiting.clear();
            if (batch.isEmpty()) {
                isWriting = false;
                changed.signalAll();
            }
            return batch;
        } finally {
            ledgerLock.unlock();
        }
    }

    private void putBack(List<Instance> batch, RuntimeException failure) {
        LOG.warn("{} instances can't be recorded now: {}", batch.size(), failure.getMessage());
        ledgerLock.lock();
        try {
            batch.forEach(one -> waiting.putIfAbsent(one.id(), one));
            isWriting = false;
            failures++;
            lastFailure = String.valueOf(failure.getMessage());
            changed.signalAll();
        } finally {
            ledgerLock.unlock();
        }
        time.schedule(retryDelay, this::retry);
    }

    private void retry() {
        ledgerLock.lock();
        try {
            if (!waiting.isEmpty()) {
                startWriting();
            }
        } finally {
            ledgerLock.unlock();
        }
    }
}
