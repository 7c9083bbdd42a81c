package dev.faas.core.pool;

import java.time.Duration;
import java.util.ArrayDeque;

/// How many sandboxes of a shape are wanted almost at once: the most arrivals within a window, forgotten by halves. Confined to the pools'
/// lock.
final class ArrivalPeak {

    /// What comes once may never come again: nothing is kept ready for it.
    private static final int ARRIVALS_OF_A_HABIT = 2;

    private final int most;
    private final double halfLifeNanos;
    private final ArrayDeque<Long> recent = new ArrayDeque<>();
    private double peak;
    private long peakNanos;
    private int arrivals;

    /// @param most more at once don't matter
    ArrivalPeak(int most, Duration halfLife) {
        this.most = most;
        halfLifeNanos = halfLife.toNanos();
    }

    void arrived(long now, Duration window) {
        recent.add(now);
        while (recent.size() > most || now - recent.getFirst() > window.toNanos()) {
            recent.removeFirst();
        }
        peak = Math.max(left(now), recent.size());
        peakNanos = now;
        arrivals = Math.min(arrivals + 1, ARRIVALS_OF_A_HABIT);
    }

    int wanted(long now) {
        return arrivals < ARRIVALS_OF_A_HABIT ? 0 : (int) Math.ceil(left(now));
    }

    void forget() {
        recent.clear();
        peak = 0;
        arrivals = 0;
    }

    private double left(long now) {
        return peak * Math.pow(0.5, (now - peakNanos) / halfLifeNanos);
    }
}
