package dev.faas.testkit;

import dev.faas.core.common.TimeSource;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.PriorityQueue;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// A clock that stands still until a test moves it, and then runs what has become due. Thread-safe.
public final class ManualClock extends Clock implements TimeSource {

    private final ReentrantLock timeLock = new ReentrantLock();
    private final PriorityQueue<Scheduled> alarms = new PriorityQueue<>();
    private Instant now;
    private long nanos;
    private long scheduledSoFar;

    public ManualClock(Instant start) {
        now = start;
    }

    /// Moves time on and runs, on the calling thread and in order, what has become due.
    public void advance(Duration by) {
        long target = lockedNanos() + by.toNanos();
        for (var due = nextDue(target); due != null; due = nextDue(target)) {
            due.action.run();
        }
        timeLock.lock();
        try {
            moveTo(target);
        } finally {
            timeLock.unlock();
        }
    }

    /// How many actions wait for their time.
    public int pendingAlarms() {
        timeLock.lock();
        try {
            return alarms.size();
        } finally {
            timeLock.unlock();
        }
    }

    @Override
    public Instant instant() {
        timeLock.lock();
        try {
            return now;
        } finally {
            timeLock.unlock();
        }
    }

    @Override
    public long nanoTime() {
        return lockedNanos();
    }

    @Override
    public Alarm schedule(Duration delay, Runnable action) {
        timeLock.lock();
        try {
            var scheduled = new Scheduled(nanos + delay.toNanos(), scheduledSoFar++, action);
            alarms.add(scheduled);
            return () -> cancel(scheduled);
        } finally {
            timeLock.unlock();
        }
    }

    @Override
    public ZoneId getZone() {
        return ZoneOffset.UTC;
    }

    @Override
    public Clock withZone(ZoneId zone) {
        return Clock.fixed(instant(), zone);
    }

    private void cancel(Scheduled scheduled) {
        timeLock.lock();
        try {
            alarms.remove(scheduled);
        } finally {
            timeLock.unlock();
        }
    }

    private @Nullable Scheduled nextDue(long target) {
        timeLock.lock();
        try {
            var first = alarms.peek();
            if (first == null || first.dueNanos > target) {
                return null;
            }
            moveTo(Math.max(nanos, first.dueNanos));
            return alarms.remove();
        } finally {
            timeLock.unlock();
        }
    }

    private long lockedNanos() {
        timeLock.lock();
        try {
            return nanos;
        } finally {
            timeLock.unlock();
        }
    }

    private void moveTo(long target) {
        now = now.plusNanos(target - nanos);
        nanos = target;
    }

    private record Scheduled(long dueNanos, long number, Runnable action) implements Comparable<Scheduled> {
        @Override
        public int compareTo(Scheduled other) {
            return dueNanos == other.dueNanos
                    ? Long.compare(number, other.number)
                    : Long.compare(dueNanos, other.dueNanos);
        }
    }
}
