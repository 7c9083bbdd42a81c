package dev.faas.bench;

import dev.faas.core.sandbox.Command;
import dev.faas.core.sandbox.Sandbox;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;

/// Rows 10 and 11: one process per call in a sandbox that is already there, beside the same process without any sandbox behind the same
/// relay, and beside `docker exec`.
final class WarmExec {

    private static final String OURS = "relay + process in a warm sandbox";
    private static final String ANCHOR = "relay + posix_spawn";
    private static final int PER_ROUND = 20;
    private static final long START_LIMIT_NANOS = TimeUnit.SECONDS.toNanos(5);

    private final Lab lab;
    private final Optional<DockerPeer> docker;
    private final Consumer<String> progress;

    WarmExec(Lab lab, Optional<DockerPeer> docker, Consumer<String> progress) {
        this.lab = lab;
        this.docker = docker;
        this.progress = progress;
    }

    void run(Report report, int rounds) throws IOException, InterruptedException {
        var socket = lab.work().resolve("spawn-" + ProcessHandle.current().pid() + ".sock");
        var command = new ArrayList<String>(List.of(lab.yardstick().toString(), "--serve", socket.toString(),
                lab.yardstick().toString(), Lab.PROGRAM.getLast()));
        var spawner = new ProcessBuilder(command).inheritIO().start();
        try (var platform = Platform.open(lab);
                var sandbox = platform.sandbox("warm");
                var anchor = new Relay(() -> spawnHandler(connect(socket)));
                var ours = new Relay(() -> () -> runIn(sandbox));
                var peers = new Peers(lab, docker)) {
            var contenders = new ArrayList<Contender>();
            contenders.add(new Contender(ANCHOR, "L5", "none", anchor.client()));
            contenders.add(new Contender(OURS, "L5", "all namespaces, cgroups, seccomp", ours.client()));
            if (docker.isPresent()) {
                contenders.add(peers.dockerExec(docker.get(), docker.get().startContainer()));
            }
            var samples = new Interleaved(contenders, progress).run(rounds, PER_ROUND, Map.of("docker exec", 2));
            write(report, contenders, samples);
        } finally {
            spawner.destroy();
            Files.deleteIfExists(socket);
        }
    }

    private static void runIn(Sandbox sandbox) throws IOException, InterruptedException {
        try (var process = sandbox.start(Command.of(Lab.PROGRAM.toArray(String[]::new)))) {
            process.discardOutput();
            var exit = process.waitFor();
            if (exit.shellCode() != 0) {
                throw new IOException("exit code " + exit.shellCode());
            }
        }
    }

    private static Relay.Handler spawnHandler(SocketChannel channel) {
        var one = ByteBuffer.allocate(1);
        return () -> {
            channel.write(one.clear());
            if (channel.read(one.clear()) != 1) {
                throw new IOException("the yardstick closed the connection");
            }
        };
    }

    private static SocketChannel connect(Path socket) throws IOException {
        long start = System.nanoTime();
        while (true) {
            var channel = SocketChannel.open(StandardProtocolFamily.UNIX);
            try {
                channel.connect(UnixDomainSocketAddress.of(socket));
                return channel;
            } catch (IOException e) {
                channel.close();
                if (System.nanoTime() - start > START_LIMIT_NANOS) {
                    throw e;
                }
                LockSupport.parkNanos(1_000_000);
            }
        }
    }

    private static void write(Report report, List<Contender> contenders, Map<String, Samples> samples) {
        var table = report.table("One process per call (rows 10, 11)",
                "The same static program each time; the caller is a TCP client, but for `docker exec`, which is its command line.",
                Report.Table.SAMPLE_COLUMNS);
        contenders.forEach(contender -> table.addSamples(contender, samples.get(contender.name())));
        double ratio = samples.get(OURS).p50() / samples.get(ANCHOR).p50();
        report.goal("10", "≤ 1.4× relay + posix_spawn", Report.number(ratio) + "×", ratio <= 1.4);
        if (samples.containsKey("docker exec")) {
            double faster = samples.get("docker exec").p50() / samples.get(OURS).p50();
            report.goal("11", "≥ 60× faster than docker exec", Report.number(faster) + "× faster", faster >= 60);
        } else {
            report.goal("11", "≥ 60× faster than docker exec", "docker not measured", false);
        }
    }
}
