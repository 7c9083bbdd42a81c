package dev.faas.bench;

import java.util.Arrays;

/// Durations in nanoseconds, all kept: percentiles are exact. Thread-safe.
final class Samples {

    private long[] values = new long[256];
    private int size;
    private int errors;
    private String firstError = "";

    synchronized void add(long nanos) {
        if (size == values.length) {
            values = Arrays.copyOf(values, size * 2);
        }
        values[size++] = nanos;
    }

    synchronized void fail(String reason) {
        if (errors++ == 0) {
            firstError = reason;
        }
    }

    synchronized int size() {
        return size;
    }

    synchronized int errors() {
        return errors;
    }

    synchronized String firstError() {
        return firstError;
    }

    /// The nearest-rank percentile in milliseconds; not a number without samples.
    synchronized double millis(double percentile) {
        if (size == 0) {
            return Double.NaN;
        }
        var sorted = Arrays.copyOf(values, size);
        Arrays.sort(sorted);
        int rank = (int) Math.ceil(percentile / 100.0 * size);
        return sorted[Math.clamp(rank - 1, 0, size - 1)] / 1e6;
    }

    synchronized double meanMillis() {
        return size == 0 ? Double.NaN : Arrays.stream(values, 0, size).average().orElseThrow() / 1e6;
    }

    double p50() {
        return millis(50);
    }

    double p99() {
        return millis(99);
    }

    double max() {
        return millis(100);
    }
}
