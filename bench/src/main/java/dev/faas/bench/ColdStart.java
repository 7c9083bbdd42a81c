package dev.faas.bench;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/// Rows 1 to 4: a complete fresh sandbox, from the request over HTTP to the last byte of an answer that depends on it,
/// beside the command-line peers starting the same program.
final class ColdStart {

    static final String FRESH = "faas execute, nothing pooled";
    static final String POOLED = "faas execute, pooled network and cgroups";
    static final String READY = "faas execute, whole sandbox from the pool";
    private static final String ISOLATION = "all namespaces incl. user, cgroups, seccomp, capabilities dropped";
    private static final int SEQUENTIAL_RUNS = 1000;
    private static final int DOCKER_RUNS_PER_ROUND = 1;

    private final Lab lab;
    private final Optional<DockerPeer> docker;
    private final Consumer<String> progress;

    ColdStart(Lab lab, Optional<DockerPeer> docker, Consumer<String> progress) {
        this.lab = lab;
        this.docker = docker;
        this.progress = progress;
    }

    /// @return medians by contender, for later rows
    Map<String, Samples> run(Report report, int rounds) throws IOException, InterruptedException {
        try (var fresh = GatewayUnderTest.start(lab, Settings.WITHOUT_POOLS, Echo.PATH, Echo.body("warm"));
                var pooled = GatewayUnderTest.start(lab, Settings.POOLED_PARTS, Echo.PATH, Echo.body("warm"));
                var ready = GatewayUnderTest.start(lab, Settings.POOLED, Echo.PATH, Echo.body("warm"))) {
            progress.accept("warming the gateways up");
            fresh.warmUp();
            pooled.warmUp();
            ready.warmUp();
            return compare(report, rounds, fresh, pooled, ready);
        }
    }

    /// Connects after the warm-up: a connection nobody uses for a minute is closed.
    private Map<String, Samples> compare(
            Report report, int rounds, GatewayUnderTest fresh, GatewayUnderTest pooled, GatewayUnderTest ready)
            throws IOException, InterruptedException {
        try (var freshConnection = fresh.connect();
                var pooledConnection = pooled.connect();
                var readyConnection = ready.connect();
                var peers = new Peers(lab, docker)) {
            var contenders = new ArrayList<Contender>();
            contenders.add(peers.bareSpawn());
            contenders.addAll(peers.sandboxes());
            contenders.addAll(peers.docker());
            contenders.add(new Contender(FRESH, "L1", ISOLATION, Echo.over(freshConnection)));
            contenders.add(new Contender(POOLED, "L2", ISOLATION, Echo.over(pooledConnection)));
            var pool = new SandboxPool(readyConnection);
            pool.prewarm();
            contenders.add(new Contender(READY, "L2p", ISOLATION, pool.hit()));
            var weight = new HashMap<String, Integer>(Map.of("docker run", DOCKER_RUNS_PER_ROUND));
            var samples = new Interleaved(contenders, progress).run(rounds, 10, weight);
            write(report, contenders, samples, peers.missing());
            pool.writeCost(report);
            sequential(report, freshConnection);
            return samples;
        }
    }

    private void write(Report report, List<Contender> contenders, Map<String, Samples> samples, List<String> missing) {
        var table = report.table(
                "Cold start (rows 1, 2, 4)",
                "One sandbox, one process, gone again; ours answers over HTTP with bytes of the request, the peers run the same static "
                        + "program on an empty input. "
                        + (missing.isEmpty() ? "" : "Not measured: " + String.join(", ", missing) + "."),
                Report.Table.SAMPLE_COLUMNS);
        contenders.forEach(contender -> table.addSamples(contender, samples.get(contender.name())));
        ratio(report, samples, new Aim("1", "≤ 0.4× crun run", FRESH, "crun run", 0.4));
        ratio(report, samples, new Aim("4", "≤ 0.15× crun run", READY, "crun run", 0.15));
        ratio(report, samples, new Aim("2", "≥ 60× faster than docker run", FRESH, "docker run", 1.0 / 60));
    }

    private static void ratio(Report report, Map<String, Samples> samples, Aim aim) {
        if (!samples.containsKey(aim.peer()) || samples.get(aim.peer()).size() == 0) {
            report.goal(aim.row(), aim.goal(), aim.peer() + " not measured", false);
            return;
        }
        double ours = samples.get(aim.ours()).p50();
        double peers = samples.get(aim.peer()).p50();
        double ratio = ours / peers;
        var shown = aim.limit() < 0.1
                ? Report.number(1 / ratio) + "× faster"
                : Report.number(ratio) + "× (" + Report.number(ours) + " / " + Report.number(peers) + " ms)";
        report.goal(aim.row(), aim.goal(), shown, ratio <= aim.limit());
    }

    /// @param limit the largest ratio of our median to the peer's
    private record Aim(String row, String goal, String ours, String peer, double limit) {}

    private void sequential(Report report, HttpConnection connection) throws IOException, InterruptedException {
        var samples = new Samples();
        var action = Echo.over(connection);
        for (int i = 0; i < SEQUENTIAL_RUNS; i++) {
            samples.add(action.run());
        }
        double ratio = samples.p99() / samples.p50();
        report.goal("3", "p99 / p50 ≤ 3 over 1,000 sequential cold starts",
                Report.number(ratio) + " (" + Report.number(samples.p99()) + " / " + Report.number(samples.p50()) + " ms)",
                ratio <= 3);
        progress.accept("1,000 sequential cold starts");
    }
}
