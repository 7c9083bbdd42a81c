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
    private volatile long sandboxReady;
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

    void sandboxReady() {
        sandboxReady = time.nanoTime();
    }

    void processEnded() {
        processEnded = time.nanoTime();
        hasProcessEnded = true;
    }

    /// As of now; to be asked once the sandbox is ready.
    Phases phases() {
        long now = time.nanoTime();
        return new Phases(
                Duration.ofNanos(placeTaken - accepted),
                Duration.ofNanos(imageReady - placeTaken),
                Duration.ofNanos(sandboxReady - imageReady),
                Duration.ofNanos((hasProcessEnded ? processEnded : now) - sandboxReady),
                Duration.ofNanos(now - accepted));
    }
}
