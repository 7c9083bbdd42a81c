package dev.faas.bench;

import dev.faas.core.common.PlatformException;
import dev.faas.core.sandbox.Command;
import dev.faas.core.sandbox.Sandbox;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/// Rows 25, 28 and the memory half of 30: many sandboxes alive at once, idle and busy.
final class Density {

    private static final int SETTLE_SECONDS = 30;
    private static final int PROBES = 50;
    private static final int BUSY_SECONDS = 15;
    private static final int FEW = 10;
    private static final int DOCKER_CONTAINERS = 100;

    private final Lab lab;
    private final Optional<DockerPeer> docker;
    private final Consumer<String> progress;

    Density(Lab lab, Optional<DockerPeer> docker, Consumer<String> progress) {
        this.lab = lab;
        this.docker = docker;
        this.progress = progress;
    }

    void run(Report report, int count) throws IOException, InterruptedException {
        var work = BusyWork.calibrate();
        try (var platform = Platform.open(lab)) {
            double before = platform.availableMebibytes();
            List<Sandbox> sandboxes = new ArrayList<>();
            try {
                long start = System.nanoTime();
                for (int i = 0; i < count; i++) {
                    sandboxes.add(platform.sandbox("idle-" + i));
                }
                double seconds = (System.nanoTime() - start) / 1e9;
                progress.accept(count + " sandboxes made in " + Report.number(seconds) + " s, settling");
                Settle.seconds(SETTLE_SECONDS);
                double each = (before - platform.availableMebibytes()) / count;
                int alive = probe(sandboxes);
                writeIdle(report, count, each, alive, dockerEach());
                writeBusy(report, sandboxes, work);
            } finally {
                sandboxes.parallelStream().forEach(Sandbox::destroy);
            }
        }
    }

    /// Calls some of them at random: memory of the dead is easily saved.
    private static int probe(List<Sandbox> sandboxes) throws InterruptedException {
        var shuffled = new ArrayList<>(sandboxes);
        Collections.shuffle(shuffled, new Random(1));
        int alive = 0;
        for (var sandbox : shuffled.subList(0, Math.min(PROBES, shuffled.size()))) {
            try (var process = sandbox.start(Command.of("/bin/true"))) {
                process.discardOutput();
                alive += process.waitFor().shellCode() == 0 ? 1 : 0;
            }
        }
        return alive;
    }

    private double dockerEach() throws IOException, InterruptedException {
        if (docker.isEmpty()) {
            return Double.NaN;
        }
        progress.accept(DOCKER_CONTAINERS + " containers beside it");
        double before = Platform.memAvailableMebibytes();
        var ids = new ArrayList<String>();
        for (int i = 0; i < DOCKER_CONTAINERS; i++) {
            ids.add(docker.get().startContainer());
        }
        Settle.seconds(SETTLE_SECONDS / 2);
        double each = (before - Platform.memAvailableMebibytes()) / DOCKER_CONTAINERS;
        docker.get().run("rm", "-f", String.join(" ", ids));
        return each;
    }

    private static void writeIdle(Report report, int count, double each, int alive, double docker) {
        var table = report.table("Idle sandboxes (row 25)",
                "Difference of MemAvailable after settling, kernel memory included, the growth of the measuring JVM taken out.",
                "what", "how many", "MiB each", "of " + PROBES + " called at random");
        table.add("faas sandbox (agent inside, no user process)", String.valueOf(count), Report.number(each), alive + " answered");
        table.add("docker container (sleep inside), daemons included", String.valueOf(DOCKER_CONTAINERS), Report.number(docker), "–");
        report.goal("25", "≤ 1.0 MiB each, all in", Report.number(each) + " MiB", each <= 1.0 && alive == Math.min(PROBES, count));
    }

    private void writeBusy(Report report, List<Sandbox> sandboxes, BusyWork work) throws InterruptedException {
        progress.accept("busy: " + FEW + " sandboxes, then " + sandboxes.size());
        busy(sandboxes.subList(0, Math.min(FEW, sandboxes.size())), work, BUSY_SECONDS / 3);
        var few = busy(sandboxes.subList(0, Math.min(FEW, sandboxes.size())), work, BUSY_SECONDS);
        var many = busy(sandboxes, work, BUSY_SECONDS);
        double ratio = (double) many.size() / few.size();
        var table = report.table("Busy sandboxes (row 28)",
                "One client per sandbox in a closed loop, every call a process that works for " + work.describe() + ".",
                "sandboxes", "calls /s", "p50 ms", "p99 ms", "errors");
        table.add(String.valueOf(FEW), Report.number(few.size() / (double) BUSY_SECONDS), Report.number(few.p50()),
                Report.number(few.p99()), String.valueOf(few.errors()));
        table.add(String.valueOf(sandboxes.size()), Report.number(many.size() / (double) BUSY_SECONDS),
                Report.number(many.p50()), Report.number(many.p99()), String.valueOf(many.errors()));
        report.goal("28", "≥ 92 % of the throughput of 10, no errors",
                Report.number(ratio * 100) + " %, " + many.errors() + " errors", ratio >= 0.92 && many.errors() == 0);
    }

    private static Samples busy(List<Sandbox> sandboxes, BusyWork work, int seconds) throws InterruptedException {
        var samples = new Samples();
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (var sandbox : sandboxes) {
                threads.submit(() -> loop(sandbox, work, end, samples));
            }
        }
        return samples;
    }

    private static void loop(Sandbox sandbox, BusyWork work, long end, Samples samples) {
        try {
            while (System.nanoTime() < end) {
                long start = System.nanoTime();
                try (var process = sandbox.start(work.command())) {
                    process.discardOutput();
                    if (process.waitFor().shellCode() != 0) {
                        samples.fail("exit code");
                    } else if (System.nanoTime() < end) {
                        samples.add(System.nanoTime() - start);
                    }
                }
            }
        } catch (PlatformException e) {
            samples.fail(String.valueOf(e.getMessage()));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /// A shell loop that keeps a core busy for about five milliseconds here.
    private record BusyWork(int turns, double millis) {

        private static final double TARGET_MS = 5;
        private static final int TRIAL_TURNS = 200_000;

        static BusyWork calibrate() throws IOException, InterruptedException {
            run(TRIAL_TURNS);
            double trial = run(TRIAL_TURNS) / 1e6;
            int turns = (int) (TRIAL_TURNS * TARGET_MS / trial);
            return new BusyWork(turns, TARGET_MS);
        }

        private static long run(int turns) throws IOException, InterruptedException {
            long start = System.nanoTime();
            Lab.shell(script(turns));
            return System.nanoTime() - start;
        }

        private static String script(int turns) {
            return "i=0; while [ $i -lt " + turns + " ]; do i=$((i+1)); done";
        }

        Command command() {
            return Command.shell(script(turns));
        }

        String describe() {
            return millis + " ms of processor time (" + turns + " turns of a shell loop)";
        }
    }
}
