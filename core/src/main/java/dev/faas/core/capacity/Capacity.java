package dev.faas.core.capacity;

import dev.faas.core.common.ErrorCode;
import dev.faas.core.common.PlatformException;
import dev.faas.core.common.TimeSource;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.LinkedHashMap;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// A bounded number of places and a bounded queue for them. Within a tenant first come is first served; between tenants the turn goes
/// round, so that a tenant with a thousand waiting does not delay one with a single wish. Thread-safe.
public final class Capacity {

    private static final Duration SHORTEST_HINT = Duration.ofSeconds(1);
    private static final Duration LONGEST_HINT = Duration.ofMinutes(1);
    /// Weight of the newest place in the moving average of how long places are held.
    private static final double NEWEST_WEIGHT = 0.1;

    private final int maxRunning;
    private final int maxQueued;
    private final int maxQueuedPerTenant;
    private final TimeSource time;

    private final ReentrantLock stateLock = new ReentrantLock();
    /// Waiting places by tenant, in the order of the tenants' turns. A tenant with nothing waiting isn't in it.
    private final LinkedHashMap<String, ArrayDeque<Place>> waiting = new LinkedHashMap<>();
    private int running;
    private int queued;
    private double averageHeldNanos;

    public Capacity(int maxRunning, int maxQueued, int maxQueuedPerTenant, TimeSource time) {
        if (maxRunning < 1 || maxQueued < 0 || maxQueuedPerTenant < 0) {
            throw new IllegalArgumentException("capacity needs at least one place and no negative queue");
        }
        this.maxRunning = maxRunning;
        this.maxQueued = maxQueued;
        this.maxQueuedPerTenant = maxQueuedPerTenant;
        this.time = time;
    }

    /// Takes a place, or a turn in the queue for one.
    ///
    /// @param patience how long a turn in the queue may last
    /// @throws PlatformException `CAPACITY_EXHAUSTED` when both are full
    public Place enter(String tenant, Duration patience) {
        Place place;
        stateLock.lock();
        try {
            place = new Place(tenant, patience);
            if (running < maxRunning) {
                running++;
                place.grant();
                return place;
            }
            enqueue(place);
        } finally {
            stateLock.unlock();
        }
        place.startWaiting();
        return place;
    }

    public int running() {
        stateLock.lock();
        try {
            return running;
        } finally {
            stateLock.unlock();
        }
    }

    public int queued() {
        stateLock.lock();
        try {
            return queued;
        } finally {
            stateLock.unlock();
        }
    }

    private void enqueue(Place place) {
        var turns = waiting.get(place.tenant);
        if (queued >= maxQueued) {
            throw refusal("all " + maxRunning + " places are taken and the queue of " + maxQueued + " is full");
        }
        if (turns != null && turns.size() >= maxQueuedPerTenant || maxQueuedPerTenant == 0) {
            throw refusal("all " + maxRunning + " places are taken and this tenant has the most it may have waiting, "
                    + maxQueuedPerTenant);
        }
        waiting.computeIfAbsent(place.tenant, tenant -> new ArrayDeque<>()).add(place);
        queued++;
    }

    private PlatformException refusal(String reason) {
        return PlatformException.retryLater(ErrorCode.CAPACITY_EXHAUSTED, reason + "; try again later", hint());
    }

    /// How long the present queue will take, going by how long places were held lately.
    private Duration hint() {
        var estimate = Duration.ofNanos((long) (averageHeldNanos * (queued + 1) / maxRunning));
        if (estimate.compareTo(SHORTEST_HINT) < 0) {
            return SHORTEST_HINT;
        }
        return estimate.compareTo(LONGEST_HINT) > 0 ? LONGEST_HINT : estimate;
    }

    private void dequeue(Place place) {
        var turns = waiting.get(place.tenant);
        if (turns != null && turns.remove(place)) {
            queued--;
            if (turns.isEmpty()) {
                waiting.remove(place.tenant);
            }
        }
    }

    private void passOn(long heldNanos) {
        averageHeldNanos = averageHeldNanos == 0
                ? heldNanos
                : averageHeldNanos * (1 - NEWEST_WEIGHT) + heldNanos * NEWEST_WEIGHT;
        var turn = waiting.pollFirstEntry();
        if (turn == null) {
            running--;
            return;
        }
        var next = turn.getValue().remove();
        queued--;
        if (!turn.getValue().isEmpty()) {
            waiting.putLast(turn.getKey(), turn.getValue());
        }
        next.grant();
    }

    private enum State {
        WAITING,
        GRANTED,
        EXPIRED,
        RELEASED
    }

    /// One place, or the turn to get one. Whoever entered releases it, whatever became of it. Thread-safe.
    public final class Place implements AutoCloseable {

        private final String tenant;
        private final Duration patience;
        private final Condition decided = stateLock.newCondition();
        private State state = State.WAITING;
        private long grantedNanos;
        private TimeSource.@Nullable Alarm expiry;

        private Place(String tenant, Duration patience) {
            this.tenant = tenant;
            this.patience = patience;
        }

        /// Waits for the turn.
        ///
        /// @return false if the place was released meanwhile
        /// @throws PlatformException `CAPACITY_EXHAUSTED` when the turn did not come in time
        public boolean await() throws InterruptedException {
            stateLock.lock();
            try {
                while (state == State.WAITING) {
                    decided.await();
                }
                if (state == State.EXPIRED) {
                    throw refusal("no place became free within " + patience.toMillis() + " ms");
                }
                return state == State.GRANTED;
            } finally {
                stateLock.unlock();
            }
        }

        /// Leaves the queue, if it is still in it: whoever waits goes on with nothing.
        public void leaveQueue() {
            stateLock.lock();
            try {
                if (state != State.WAITING) {
                    return;
                }
            } finally {
                stateLock.unlock();
            }
            release();
        }

        /// Gives the place to whoever is next, or leaves the queue. Doing it twice does no harm.
        public void release() {
            TimeSource.@Nullable Alarm pending;
            stateLock.lock();
            try {
                var before = state;
                state = State.RELEASED;
                pending = expiry;
                expiry = null;
                switch (before) {
                    case GRANTED -> passOn(time.nanoTime() - grantedNanos);
                    case WAITING -> {
                        dequeue(this);
                        decided.signalAll();
                    }
                    case EXPIRED, RELEASED -> {}
                }
            } finally {
                stateLock.unlock();
            }
            if (pending != null) {
                pending.cancel();
            }
        }

        @Override
        public void close() {
            release();
        }

        /// Called with the lock held.
        private void grant() {
            state = State.GRANTED;
            grantedNanos = time.nanoTime();
            decided.signalAll();
        }

        private void startWaiting() {
            var alarm = time.schedule(patience, this::expire);
            stateLock.lock();
            try {
                if (state == State.WAITING) {
                    expiry = alarm;
                    return;
                }
            } finally {
                stateLock.unlock();
            }
            alarm.cancel();
        }

        private void expire() {
            stateLock.lock();
            try {
                if (state == State.WAITING) {
                    state = State.EXPIRED;
                    dequeue(this);
                    decided.signalAll();
                }
            } finally {
                stateLock.unlock();
            }
        }
    }
}
