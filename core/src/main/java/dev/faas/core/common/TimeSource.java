package dev.faas.core.common;

import java.time.Duration;
import java.time.Instant;

/// Time as the platform sees it, replaceable in tests. Thread-safe.
public interface TimeSource {

    /// The time of day, for people and records.
    Instant instant();

    /// A clock that only moves forward, for durations.
    long nanoTime();

    /// Runs the action once, after the delay, on a thread it must not block.
    Alarm schedule(Duration delay, Runnable action);

    /// An action that has been put off.
    @FunctionalInterface
    interface Alarm {

        /// Forgets the action if it has not begun; otherwise does nothing.
        void cancel();
    }
}
