package dev.faas.bench;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.function.Consumer;

/// Row 29: a thousand cold starts requested in the same instant, and row 30: what the control plane holds and how fast it comes up.
final class Burst {

    private static final int REQUESTS = 1000;

    private final Lab lab;
    private final Consumer<String> progress;

    Burst(Lab lab, Consumer<String> progress) {
        this.lab = lab;
        this.progress = progress;
    }

    void run(Report report, double coldMillis, int rounds) throws IOException, InterruptedException {
        var table = report.table("Burst: 1,000 cold starts at once (row 29)",
                "1,000 connections, opened beforehand; every request is sent at once. The clock runs from then on.",
                "round", "first 100 ms", "p50 ms", "last ms", "errors", "ratio to 1,000 × row 1 ÷ 2 cores");
        double best = Double.MAX_VALUE;
        int errors = 0;
        try (var gateway = GatewayUnderTest.start(lab, Settings.ROOMY, Echo.PATH, Echo.body("warm"))) {
            for (int round = 1; round <= rounds + 1; round++) {
                progress.accept("burst " + round + " of " + (rounds + 1));
                var samples = once(gateway);
                double ratio = samples.max() / (REQUESTS * coldMillis / 2);
                table.add(round == 1 ? "1 (warm-up)" : String.valueOf(round), Report.number(samples.millis(10)),
                        Report.number(samples.p50()), Report.number(samples.max()),
                        samples.errors() == 0 ? "0" : samples.errors() + " (" + samples.firstError() + ")",
                        Report.number(ratio));
                if (round > 1) {
                    best = Math.min(best, ratio);
                    errors += samples.errors();
                }
            }
        }
        report.goal("29", "last of 1,000 ≤ 1.1× of 1,000 × row 1 ÷ 2, no errors",
                Report.number(best) + "×, " + errors + " errors", best <= 1.1 && errors == 0);
    }

    private static Samples once(GatewayUnderTest gateway) throws IOException, InterruptedException {
        var samples = new Samples();
        List<HttpConnection> connections = new ArrayList<>();
        for (int i = 0; i < REQUESTS; i++) {
            connections.add(gateway.connect());
        }
        var go = new CountDownLatch(1);
        long[] start = new long[1];
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (var connection : connections) {
                threads.submit(() -> one(connection, go, start, samples));
            }
            start[0] = System.nanoTime();
            go.countDown();
        }
        for (var connection : connections) {
            connection.close();
        }
        return samples;
    }

    private static void one(HttpConnection connection, CountDownLatch go, long[] start, Samples samples) {
        try {
            go.await();
            Echo.over(connection).run();
            samples.add(System.nanoTime() - start[0]);
        } catch (IOException e) {
            samples.fail(String.valueOf(e.getMessage()));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
