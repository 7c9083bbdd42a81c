package dev.faas.core.execution;

import dev.faas.core.common.ErrorCode;
import dev.faas.core.common.PlatformException;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// The truth about one execution from its acceptance until its final record is durable. All changes of state happen here, the first that
/// ends it wins, and each goes to the journal in order. Thread-safe.
final class ActiveExecution {

    private final ExecutionRequest request;
    private final Instant createdAt;
    private final Consumer<ExecutionRecord> journal;
    private final CountDownLatch ended = new CountDownLatch(1);

    private final ReentrantLock stateLock = new ReentrantLock();
    private ExecutionRecord current;
    private @Nullable PlatformException failure;
    private @Nullable String cancelledBy;
    private @Nullable CacheUse cacheUse;
    private @Nullable Runnable kill;
    private @Nullable Runnable onEnd;

    /// @param journal takes each new record; must not block
    ActiveExecution(ExecutionRequest request, Instant createdAt, Consumer<ExecutionRecord> journal) {
        this.request = request;
        this.createdAt = createdAt;
        this.journal = journal;
        current = recordOf(ExecutionState.QUEUED, Optional.empty(), Optional.empty(), "", "", Optional.empty());
    }

    ExecutionRequest request() {
        return request;
    }

    /// As of now.
    ExecutionRecord executionRecord() {
        stateLock.lock();
        try {
            return current;
        } finally {
            stateLock.unlock();
        }
    }

    boolean hasEnded() {
        return ended.getCount() == 0;
    }

    void announce() {
        stateLock.lock();
        try {
            journal.accept(current);
        } finally {
            stateLock.unlock();
        }
    }

    /// Something to do as soon as it ends before its process has started, besides what waits for the end: leaving the queue.
    void onEarlyEnd(Runnable action) {
        stateLock.lock();
        try {
            onEnd = action;
        } finally {
            stateLock.unlock();
        }
    }

    /// The process has started.
    ///
    /// @param killer ends it; called at most once, must not block
    /// @return false when it has ended meanwhile: the process must not go on
    boolean begin(Instant now, Runnable killer) {
        stateLock.lock();
        try {
            if (cancelledBy != null || !current.state().canBecome(ExecutionState.RUNNING)) {
                return false;
            }
            kill = killer;
            onEnd = null;
            become(recordOf(
                    ExecutionState.RUNNING, Optional.of(now), Optional.empty(), "", "", Optional.empty()));
            return true;
        } finally {
            stateLock.unlock();
        }
    }

    /// Where its result comes from; for its next record.
    void use(CacheUse use) {
        stateLock.lock();
        try {
            cacheUse = use;
        } finally {
            stateLock.unlock();
        }
    }

    /// Its caller has left a run that goes on for others.
    ///
    /// @return whether that was its end
    boolean abandon(Instant now) {
        var by = cancelledBy().orElse("nobody");
        return end(ExecutionState.CANCELLED, "", "cancelled by " + by, Optional.empty(), null, now);
    }

    /// The platform could not run it.
    ///
    /// @return whether that was its end
    boolean fail(PlatformException cause, Instant now) {
        return end(ExecutionState.FAILED, cause.code().wire(), String.valueOf(cause.getMessage()), Optional.empty(), cause, now);
    }

    /// The command has ended, one way or the other.
    boolean finish(ExecutionResult result, Instant now) {
        return switch (result.outcome()) {
            case Outcome.Exited _, Outcome.Signaled _, Outcome.OutOfMemory _ ->
                end(ExecutionState.COMPLETED, "", "", Optional.of(result), null, now);
            case Outcome.TimedOut _ -> end(ExecutionState.TIMED_OUT, "", "", Optional.of(result), null, now);
            case Outcome.Cancelled(var by) ->
                end(ExecutionState.CANCELLED, "", "cancelled by " + by, Optional.of(result), null, now);
            case Outcome.Lost(var reason) ->
                end(ExecutionState.FAILED, ErrorCode.SANDBOX_FAILED.wire(), reason, Optional.of(result), null, now);
        };
    }

    /// Asks for the end. Before the process has started that is the end; afterwards the process is killed and the end follows.
    ///
    /// @return false when it has ended already
    boolean cancel(String by, Instant now) {
        Runnable killer;
        stateLock.lock();
        try {
            if (current.state().isFinal()) {
                return false;
            }
            if (cancelledBy != null) {
                return true;
            }
            cancelledBy = by;
            killer = kill;
        } finally {
            stateLock.unlock();
        }
        if (killer == null) {
            var detail = "cancelled by " + by + " before its command had started";
            end(ExecutionState.CANCELLED, "", detail, Optional.empty(), null, now);
        } else {
            killer.run();
        }
        return true;
    }

    Optional<String> cancelledBy() {
        stateLock.lock();
        try {
            return Optional.ofNullable(cancelledBy);
        } finally {
            stateLock.unlock();
        }
    }

    /// Why the platform could not run it, if that was its end.
    Optional<PlatformException> failure() {
        stateLock.lock();
        try {
            return Optional.ofNullable(failure);
        } finally {
            stateLock.unlock();
        }
    }

    /// Blocks until the end.
    ///
    /// @throws PlatformException when the platform could not run it
    ExecutionRecord await() throws InterruptedException {
        ended.await();
        stateLock.lock();
        try {
            if (failure != null) {
                throw failure;
            }
            return current;
        } finally {
            stateLock.unlock();
        }
    }

    /// @return whether it ended in time
    boolean awaitEnd(Duration patience) throws InterruptedException {
        return ended.await(patience.toMillis(), TimeUnit.MILLISECONDS);
    }

    /// As [#await], whatever the end was.
    ExecutionRecord awaitRecord() throws InterruptedException {
        ended.await();
        return executionRecord();
    }

    private boolean end(
            ExecutionState state,
            String errorCode,
            String errorDetail,
            Optional<ExecutionResult> result,
            @Nullable PlatformException cause,
            Instant now) {
        Runnable action;
        stateLock.lock();
        try {
            if (!current.state().canBecome(state)) {
                return false;
            }
            failure = cause;
            action = onEnd;
            onEnd = null;
            kill = null;
            become(recordOf(state, current.startedAt(), Optional.of(now), errorCode, errorDetail, result));
        } finally {
            stateLock.unlock();
        }
        ended.countDown();
        if (action != null) {
            action.run();
        }
        return true;
    }

    /// Called with the lock held, so that the journal gets the records in order.
    private void become(ExecutionRecord next) {
        current = next;
        journal.accept(next);
    }

    private ExecutionRecord recordOf(
            ExecutionState state,
            Optional<Instant> startedAt,
            Optional<Instant> finishedAt,
            String errorCode,
            String errorDetail,
            Optional<ExecutionResult> result) {
        return new ExecutionRecord(
                request.id(),
                request.tenant(),
                state,
                request.mode(),
                request.instance(),
                request.image().value(),
                request.command().argv(),
                request.labels(),
                createdAt,
                startedAt,
                finishedAt,
                errorCode,
                errorDetail,
                Optional.ofNullable(cacheUse),
                result);
    }
}
