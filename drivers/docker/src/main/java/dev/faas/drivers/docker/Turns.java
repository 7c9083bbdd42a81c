package dev.faas.drivers.docker;

import java.util.concurrent.Semaphore;
import java.util.function.Supplier;

/// Lets a few at a time ask an engine for something that takes it long, first come first served. An engine that is
/// asked for hundreds of containers at once makes none of them sooner, and answers the last long after any deadline:
/// here, only one's own turn counts against it. Thread-safe.
final class Turns {

    /// Enough to keep an engine on a large machine busy.
    private static final int AT_ONCE = 16;

    private final Semaphore free = new Semaphore(AT_ONCE, true);

    /// @throws EngineException if the caller is interrupted while it waits
    <T> T take(String doing, Supplier<T> action) {
        try {
            free.acquire();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw EngineException.lost(doing + ": interrupted", e);
        }
        try {
            return action.get();
        } finally {
            free.release();
        }
    }
}
