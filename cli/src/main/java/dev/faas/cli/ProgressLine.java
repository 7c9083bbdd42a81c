package dev.faas.cli;

import java.util.Locale;
import java.util.concurrent.locks.ReentrantLock;

/// Shows how far something long is: one line on a terminal, otherwise each new step once. Thread-safe.
final class ProgressLine implements LocalPlatform.Progress, AutoCloseable {

    private static final int BAR = 24;
    private static final long REDRAW_NANOS = 50_000_000;

    private final ReentrantLock drawLock = new ReentrantLock();
    private final Terminal terminal;
    private String lastStep = "";
    private long lastDrawn;

    ProgressLine(Terminal terminal) {
        this.terminal = terminal;
    }

    @Override
    public void progress(String step, long done, long total) {
        drawLock.lock();
        try {
            boolean isNew = !step.equals(lastStep);
            long now = System.nanoTime();
            if (!isNew && now - lastDrawn < REDRAW_NANOS && done < total) {
                return;
            }
            lastStep = step;
            lastDrawn = now;
            if (terminal.isErrInteractive()) {
                terminal.status(line(step, done, total));
            } else if (isNew) {
                terminal.note(step);
            }
        } finally {
            drawLock.unlock();
        }
    }

    static String line(String step, long done, long total) {
        if (total <= 0) {
            return done > 0 ? "%s  %s".formatted(step, amount(done)) : step;
        }
        int filled = Math.clamp(done * BAR / total, 0, BAR);
        return "[%s%s] %s  %s of %s".formatted(
                "#".repeat(filled), " ".repeat(BAR - filled), step, amount(done), amount(total));
    }

    /// Small numbers count things, large ones are bytes.
    private static String amount(long count) {
        if (count < 10_000) {
            return Long.toString(count);
        }
        return String.format(Locale.ROOT, "%.1f MiB", count / (double) (1 << 20));
    }

    @Override
    public void close() {
        terminal.clearStatus();
    }
}
