package dev.faas.gateway.limit;

import dev.faas.core.common.ErrorCode;
import dev.faas.core.common.PlatformException;
import java.time.Duration;
import java.util.concurrent.Semaphore;

/// Lets so many requests in and refuses the next at once: waiting is the engine's queue's business. Thread-safe.
public final class RequestGate {

    private static final Duration RETRY_AFTER = Duration.ofSeconds(1);

    private final int permits;
    private final Semaphore free;

    public RequestGate(int permits) {
        this.permits = permits;
        this.free = new Semaphore(permits);
    }

    /// @return a place; closing it gives it back
    /// @throws PlatformException `RATE_LIMITED`
    public Place enter() {
        if (!free.tryAcquire()) {
            throw PlatformException.retryLater(
                    ErrorCode.RATE_LIMITED, permits + " requests are at work, no more are taken at once", RETRY_AFTER);
        }
        return free::release;
    }

    public int inside() {
        return permits - free.availablePermits();
    }

    /// Held while a request is at work.
    @FunctionalInterface
    public interface Place extends AutoCloseable {
        @Override
        void close();
    }
}
