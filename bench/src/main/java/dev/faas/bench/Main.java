package dev.faas.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// `./faas bench`: measures the platform beside its anchors and writes terminal, Markdown and JSON tables.
@Command(
        name = "faas bench",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Measures the platform beside crun, runc, bwrap, docker and a bare spawn, interleaved in one run.",
            "Needs root, mmdebstrap, and for their rows crun, runc, bubblewrap and a Docker Engine.",
            "Writes results.md and results.json into the output directory."
        })
public final class Main implements Callable<Integer> {

    /// Parts of the benchmark that can be asked for one by one.
    enum Part {
        COLD,
        WARM,
        GATEWAY,
        SUSTAINED,
        BURST,
        DENSITY
    }

    @Option(names = "--only", split = ",", description = "Parts to run: ${COMPLETION-CANDIDATES}. Default: all.")
    private Set<Part> only = EnumSet.allOf(Part.class);

    @Option(names = "--rounds", description = "Interleaved rounds of ten runs each. Default: ${DEFAULT-VALUE}.")
    private int rounds = 30;

    @Option(names = "--seconds", description = "Length of the sustained run. Default: ${DEFAULT-VALUE}.")
    private int seconds = 60;

    @Option(names = "--sandboxes", description = "Sandboxes alive at once in the density part. Default: ${DEFAULT-VALUE}.")
    private int sandboxes = 1000;

    @Option(names = "--out", description = "Where the results go. Default: ${DEFAULT-VALUE}.")
    private Path out = Path.of("target/bench");

    @Option(names = "--root", hidden = true, description = "The checkout; the launcher sets it.")
    private Path root = Path.of("").toAbsolutePath();

    public static void main(String[] args) {
        System.exit(new CommandLine(new Main()).setCaseInsensitiveEnumValuesAllowed(true).execute(args));
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        say("making the shared root file system");
        var lab = Lab.prepare(root, out.toAbsolutePath());
        var report = new Report(HostFacts.collect());
        say("starting a Docker Engine to measure beside");
        var docker = DockerPeer.start(lab.archive());
        try {
            measure(lab, docker, report);
        } finally {
            docker.ifPresent(DockerPeer::close);
        }
        save(report);
        System.out.print(report.markdown());
        say("wrote " + out.resolve("results.md") + " and results.json");
        return 0;
    }

    private void measure(Lab lab, Optional<DockerPeer> docker, Report report) throws IOException, InterruptedException {
        // Pages the hypervisor took back are dear at first touch: touch as much memory as the run will use, then let go.
        say("touching memory");
        MemoryWarmth.touch(MemoryWarmth.MEBIBYTES);
        var cold = measureCold(lab, docker, report);
        var crun = cold.get("crun run");
        double crunMillis = crun == null ? Double.NaN : crun.p50();
        var fresh = cold.get(ColdStart.FRESH);
        double freshMillis = fresh == null ? Double.NaN : fresh.p50();
        part(Part.WARM, report, () -> new WarmExec(lab, docker, Main::say).run(report, rounds));
        part(Part.GATEWAY, report, () -> new ControlPlane(lab, Main::say).run(report, Math.max(3, rounds / 6)));
        part(Part.SUSTAINED, report, () -> new Sustained(lab, Main::say).run(report, crunMillis, seconds));
        part(Part.BURST, report, () -> new Burst(lab, Main::say).run(report, freshMillis, 3));
        part(Part.DENSITY, report, () -> new Density(lab, docker, Main::say).run(report, sandboxes));
    }

    /// Other parts are compared with cold starts, so they are made for those too, a few.
    private Map<String, Samples> measureCold(Lab lab, Optional<DockerPeer> docker, Report report)
            throws IOException, InterruptedException {
        if (!only.contains(Part.COLD) && !only.contains(Part.SUSTAINED) && !only.contains(Part.BURST)) {
            return Map.of();
        }
        var cold = new ColdStart(lab, docker, Main::say).run(report, only.contains(Part.COLD) ? rounds : 5);
        save(report);
        return cold;
    }

    private void part(Part part, Report report, Step step) throws IOException, InterruptedException {
        if (only.contains(part)) {
            step.run();
            save(report);
        }
    }

    /// After each part: what was measured isn't lost with a part that fails.
    private void save(Report report) throws IOException {
        Files.writeString(out.resolve("results.md"), report.markdown());
        Files.writeString(out.resolve("results.json"), report.json());
    }

    private static void say(String what) {
        System.err.printf(Locale.ROOT, "bench: %s%n", what);
    }

    @FunctionalInterface
    private interface Step {
        void run() throws IOException, InterruptedException;
    }
}
