package dev.faas.core.execution;

import dev.faas.core.common.TimeSource;
import dev.faas.core.execution.ExecutionResult.Phases;
import java.time.Duration;

/// Measures where an execution's time goes, from its acceptance on. Written by the task; read by it and by the alarms of the last phase.
final class PhaseClock {

    private final TimeSource time;
    private final long accepted;
    private volatile long placeTaken;
    private volatile long imageReady;
    private volatile long processStarted;
    private volatile long processEnded;
    private volatile boolean hasProcessEnded;

    PhaseClock(TimeSource time) {
        this.time = time;
        accepted = time.nanoTime();
    }

    void placeTaken() {
        placeTaken = time.nanoTime();
    }

    void imageReady() {
        imageReady = time.nanoTime();
    }

    void processStarted(long nanos) {
        processStarted = nanos;
    }

    void processEnded() {
        processEnded = time.nanoTime();
        hasProcessEnded = true;
    }

    /// As of now; to be asked once the process has started.
    Phases phases() {
        long now = time.nanoTime();
        return new Phases(
                Duration.ofNanos(placeTaken - accepted),
                Duration.ofNanos(imageReady - placeTaken),
                Duration.ofNanos(processStarted - imageReady),
                Duration.ofNanos((hasProcessEnded ? processEnded : now) - processStarted),
                Duration.ofNanos(now - accepted));
    }
}
