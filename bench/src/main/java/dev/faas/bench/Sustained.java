package dev.faas.bench;

import java.io.IOException;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/// Row 16: create, answer, destroy, for a minute, and nothing may have grown; then an open-loop run at half the rate for the latency
/// a caller sees.
final class Sustained {

    private static final int CLIENTS = 4;
    private static final double GOAL = 6;

    private final Lab lab;
    private final Consumer<String> progress;

    Sustained(Lab lab, Consumer<String> progress) {
        this.lab = lab;
        this.progress = progress;
    }

    void run(Report report, double crunMillis, int seconds) throws IOException, InterruptedException {
        try (var gateway = GatewayUnderTest.start(lab, Settings.POOLED_PARTS, Echo.PATH, Echo.body("warm"))) {
            closedLoop(gateway, 5);
            var before = HostCounts.take(lab.dataDir());
            double memoryBefore = gateway.residentMebibytes();
            progress.accept("sustained, " + seconds + " s");
            var samples = closedLoop(gateway, seconds);
            var growth = Settle.growthSince(before, lab.dataDir());
            double rate = samples.size() / (double) seconds;
            double crunRate = 1000 / crunMillis;
            var table = report.table("Create, answer, destroy, sustained (row 16)",
                    CLIENTS + " clients in a closed loop for " + seconds + " s on the same two cores as the platform; pools on (L2).",
                    "rate /s", "p50 ms", "p99 ms", "max ms", "errors", "grown afterwards", "gateway memory MiB before → after");
            table.add(Report.number(rate), Report.number(samples.p50()), Report.number(samples.p99()),
                    Report.number(samples.max()), String.valueOf(samples.errors()),
                    growth.isEmpty() ? "nothing" : String.join(", ", growth),
                    Report.number(memoryBefore) + " → " + Report.number(gateway.residentMebibytes()));
            report.goal("16", "≥ 6× sequential crun run, nothing grown",
                    Report.number(rate) + "/s = " + Report.number(rate / crunRate) + "× (" + Report.number(crunRate) + "/s)",
                    rate / crunRate >= GOAL && growth.isEmpty() && samples.errors() == 0);
            openLoop(report, gateway, rate / 2, seconds / 2);
        }
    }

    private Samples closedLoop(GatewayUnderTest gateway, int seconds) throws InterruptedException {
        var samples = new Samples();
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int client = 0; client < CLIENTS; client++) {
                threads.submit(() -> loop(gateway, end, samples));
            }
        }
        return samples;
    }

    private static void loop(GatewayUnderTest gateway, long end, Samples samples) {
        try (var connection = gateway.connect()) {
            var action = Echo.over(connection);
            while (System.nanoTime() < end) {
                samples.add(action.run());
            }
        } catch (IOException e) {
            samples.fail(String.valueOf(e.getMessage()));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void openLoop(Report report, GatewayUnderTest gateway, double perSecond, int seconds)
            throws InterruptedException {
        progress.accept("open loop at " + Report.number(perSecond) + "/s");
        var result = OpenLoop.run(perSecond, (int) (perSecond * seconds), 64, worker -> new EchoSender(gateway.connect()));
        var table = report.table("Open loop at half the sustained rate",
                "Latency from the time a request was due, whether it could be sent then or not.",
                "offered /s", "served /s", "p50 ms", "p99 ms", "p99.9 ms", "max ms", "errors");
        table.add(Report.number(perSecond), Report.number(result.perSecond()), Report.number(result.samples().p50()),
                Report.number(result.samples().p99()), Report.number(result.samples().millis(99.9)),
                Report.number(result.samples().max()), String.valueOf(result.samples().errors()));
    }

    /// One connection of the open loop.
    private static final class EchoSender implements OpenLoop.Sender {

        private final HttpConnection connection;
        private final Contender.Action action;

        EchoSender(HttpConnection connection) {
            this.connection = connection;
            this.action = Echo.over(connection);
        }

        @Override
        public void send() throws IOException {
            try {
                action.run();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }

        @Override
        public void close() throws IOException {
            connection.close();
        }
    }
}
