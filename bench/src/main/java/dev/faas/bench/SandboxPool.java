package dev.faas.bench;

import java.io.IOException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Pattern;

/// A gateway's pool of whole sandboxes, and executions that find one ready. Confined to the measuring thread.
final class SandboxPool {

    private static final int READY = 4;
    private static final long POLL_NANOS = 1_000_000;
    private static final long REFILL_LIMIT_NANOS = TimeUnit.SECONDS.toNanos(60);
    private static final double BYTES_PER_KIB = 1024;

    private final HttpConnection connection;
    private final byte[] pools;

    SandboxPool(HttpConnection connection) {
        this.connection = connection;
        pools = connection.request("GET", "/api/v1/pools", "", "");
    }

    void prewarm() throws IOException {
        var body = """
                {"image":"%s","memory_mb":%d,"network":"none","count":%d,"wait_ms":60000}"""
                .formatted(Lab.IMAGE, Settings.MEMORY_MB, READY);
        var answer = connection.exchange(connection.request("POST", "/api/v1/prewarm", "", body));
        if (answer.status() != 200) {
            throw new IOException("HTTP " + answer.status() + ": " + answer.text());
        }
    }

    /// A run that found none is a failure, not a slow sample. Afterwards, untimed, the pool fills again: its work must not fall into the
    /// next contender's time.
    Contender.Action hit() {
        var echo = Echo.over(connection, "\"pooled\":true");
        return () -> {
            long nanos = echo.run();
            awaitRefill();
            return nanos;
        };
    }

    /// What a hit costs somebody else.
    void writeCost(Report report) throws IOException {
        var list = list();
        report.table(
                        "What a pooled sandbox costs",
                        "Off the timed path: making one ready, and what it holds while it waits, as its cgroup counts it.",
                        "refills", "mean refill, ms", "memory, KiB")
                .add(
                        Report.number(number(list, "refills")),
                        Report.number(number(list, "refill_ms")),
                        Report.number(number(list, "memory_bytes") / BYTES_PER_KIB));
    }

    private void awaitRefill() throws IOException {
        long deadline = System.nanoTime() + REFILL_LIMIT_NANOS;
        for (var list = list(); number(list, "available") < READY || number(list, "filling") > 0; list = list()) {
            if (System.nanoTime() > deadline) {
                throw new IOException("the pool does not fill: " + list);
            }
            LockSupport.parkNanos(POLL_NANOS);
        }
    }

    private String list() throws IOException {
        return connection.exchange(pools).text();
    }

    private static double number(String list, String field) throws IOException {
        var matcher = Pattern.compile("\"" + field + "\":([0-9.Ee+-]+)").matcher(list);
        if (!matcher.find()) {
            throw new IOException("no " + field + " in " + list);
        }
        return Double.parseDouble(matcher.group(1));
    }
}
