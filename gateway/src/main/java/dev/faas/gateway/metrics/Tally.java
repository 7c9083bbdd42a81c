package dev.faas.gateway.metrics;

import dev.faas.api.DetailedMetrics.Performance;
import dev.faas.core.execution.ExecutionRecord;
import dev.faas.core.execution.ExecutionResult;
import dev.faas.core.execution.ExecutionState;
import dev.faas.core.sandbox.Isolation;
import dev.faas.core.sandbox.Origin;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import org.HdrHistogram.ConcurrentHistogram;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/// Sums and a histogram since the start of the server. Thread-safe; a reader may see an execution in one sum and not
/// yet in another.
public final class Tally {

    private static final double MICROS_PER_MILLI = 1000.0;

    /// Longer totals count as this long.
    private static final long MAX_MICROS = TimeUnit.HOURS.toMicros(48);

    private static final int DIGITS = 3;

    private final LongAdder accepted = new LongAdder();
    private final LongAdder failed = new LongAdder();
    private final LongAdder timedOut = new LongAdder();
    private final Map<Isolation, LongAdder> byIsolation = new EnumMap<>(Isolation.class);
    private final Average coldStart = new Average();
    private final Average warmStart = new Average();
    private final Average queue = new Average();
    private final Histogram totalMicros = new ConcurrentHistogram(MAX_MICROS, DIGITS);

    Tally() {
        for (var isolation : Isolation.values()) {
            byIsolation.put(isolation, new LongAdder());
        }
    }

    void accepted() {
        accepted.increment();
    }

    void finished(ExecutionRecord execution) {
        if (execution.state() == ExecutionState.FAILED) {
            failed.increment();
        }
        if (execution.state() == ExecutionState.TIMED_OUT) {
            timedOut.increment();
        }
        // Known results were measured when they were made.
        execution.result().filter(result -> result.origin() != Origin.NONE).ifPresent(this::measured);
    }

    private void measured(ExecutionResult result) {
        Objects.requireNonNull(byIsolation.get(result.isolation())).increment();
        (result.origin() == Origin.POOLED ? warmStart : coldStart).add(result.phases().start());
        queue.add(result.phases().queue());
        long micros = TimeUnit.NANOSECONDS.toMicros(result.phases().total().toNanos());
        totalMicros.recordValue(Math.clamp(micros, 0, MAX_MICROS));
    }

    public long acceptedCount() {
        return accepted.sum();
    }

    public long failedCount() {
        return failed.sum();
    }

    public long timedOutCount() {
        return timedOut.sum();
    }

    public long executions(Isolation isolation) {
        return Objects.requireNonNull(byIsolation.get(isolation)).sum();
    }

    public Performance performance() {
        var snapshot = totalMicros.copy();
        boolean isEmpty = snapshot.getTotalCount() == 0;
        return new Performance(
                coldStart.millis(),
                warmStart.millis(),
                isEmpty ? null : snapshot.getMean() / MICROS_PER_MILLI,
                percentile(snapshot, 50),
                percentile(snapshot, 95),
                percentile(snapshot, 99),
                isEmpty ? null : snapshot.getMaxValue() / MICROS_PER_MILLI,
                queue.millis());
    }

    private static @Nullable Double percentile(Histogram histogram, double percentile) {
        return histogram.getTotalCount() == 0 ? null : histogram.getValueAtPercentile(percentile) / MICROS_PER_MILLI;
    }

    private static final class Average {
        private final LongAdder nanos = new LongAdder();
        private final LongAdder count = new LongAdder();

        void add(Duration duration) {
            nanos.add(duration.toNanos());
            count.increment();
        }

        @Nullable
        Double millis() {
            long found = count.sum();
            return found == 0 ? null : nanos.sum() / 1e6 / found;
        }
    }
}
