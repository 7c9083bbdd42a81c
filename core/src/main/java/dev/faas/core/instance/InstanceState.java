package dev.faas.core.instance;

import dev.faas.core.common.PlatformException;
import java.util.Arrays;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;

/// Where an instance stands, and every step it may take from there.
public enum InstanceState {
    /// Its image is fetched, its sandbox made.
    CREATING,
    RUNNING,
    /// Being frozen.
    PAUSING,
    /// Every process stands still; the next call wakes it.
    PAUSED,
    /// Being thawed.
    RESUMING,
    /// Its sandbox is being destroyed.
    STOPPING,
    /// Ended by a caller, by its time to live or by the server's stop; the reason says which.
    STOPPED,
    /// Never made, or lost; the reason says how.
    FAILED,
    /// Its record is gone too. Only the answer to the deletion shows it.
    DELETED;

    /// Whether its sandbox is no more. Nothing but the deletion follows.
    public boolean isEnded() {
        return this == STOPPED || this == FAILED || this == DELETED;
    }

    /// Whether it is on its way to another state by itself.
    public boolean isPassing() {
        return this == CREATING || this == PAUSING || this == RESUMING || this == STOPPING;
    }

    public boolean canBecome(InstanceState next) {
        return following().contains(next);
    }

    private Set<InstanceState> following() {
        return switch (this) {
            case CREATING -> Set.of(RUNNING, STOPPING, FAILED);
            case RUNNING -> Set.of(PAUSING, STOPPING, FAILED);
            case PAUSING -> Set.of(PAUSED, RUNNING, STOPPING, FAILED);
            case PAUSED -> Set.of(RESUMING, STOPPING, FAILED);
            case RESUMING -> Set.of(RUNNING, PAUSED, STOPPING, FAILED);
            case STOPPING -> Set.of(STOPPED);
            case STOPPED, FAILED -> Set.of(DELETED);
            case DELETED -> Set.of();
        };
    }

    public String wire() {
        return name().toLowerCase(Locale.ROOT);
    }

    public static InstanceState fromWire(String wire) {
        return Arrays.stream(values())
                .filter(state -> state.wire().equals(wire))
                .findFirst()
                .orElseThrow(() -> PlatformException.invalid(
                        "state",
                        "must be one of "
                                + Arrays.stream(values()).map(InstanceState::wire).collect(Collectors.joining(", "))));
    }
}
