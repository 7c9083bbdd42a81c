package dev.faas.bench;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

/// The command-line yardsticks over the shared root file system, each with its documented fast settings. What is not installed is left
/// out and named. Confined to one thread.
final class Peers implements Closeable {

    private static final Path EMPTY_V2 = Path.of("/sys/fs/cgroup/unified");

    private final Yardstick yardstick;
    private final Lab lab;
    private final Optional<DockerPeer> docker;
    private final List<String> missing = new ArrayList<>();
    private final AtomicInteger names = new AtomicInteger();

    Peers(Lab lab, Optional<DockerPeer> docker) throws IOException {
        this.lab = lab;
        this.docker = docker;
        // crun refuses a host with cgroup v1 controllers beside an empty v2 mount, so it gets a mount namespace without that one.
        List<String> prefix = Files.isDirectory(EMPTY_V2)
                ? List.of("unshare", "-m", "sh", "-c", "umount " + EMPTY_V2 + "; exec \"$0\"")
                : List.of();
        this.yardstick = new Yardstick(prefix, lab.yardstick());
    }

    /// A bare process on the host: the floor.
    Contender bareSpawn() {
        return contender("posix_spawn", "none", argv(lab.yardstick().toString()));
    }

    List<Contender> sandboxes() throws IOException, InterruptedException {
        var peers = new ArrayList<Contender>();
        var rootFs = lab.rootFs().toString();
        if (present("bwrap")) {
            peers.add(contender("bwrap", "namespaces, no cgroups, no seccomp",
                    argv("bwrap", "--unshare-all", "--ro-bind", rootFs, "/", "--proc", "/proc", "--dev", "/dev", "--tmpfs",
                            "/tmp", Lab.PROGRAM.getFirst())));
        }
        for (var runtime : List.of("crun", "runc")) {
            if (present(runtime)) {
                var bundle = lab.bundle(runtime).toString();
                peers.add(new Contender(runtime + " run", "L1", "namespaces without user, cgroups, no seccomp",
                        () -> yardstick.time(List.of(runtime, "run", "-b", bundle, name()))));
            }
        }
        return peers;
    }

    /// `docker run` without network: its fastest form.
    List<Contender> docker() {
        if (docker.isEmpty()) {
            missing.add("docker");
        }
        return docker.stream()
                .map(engine -> contender("docker run", "container, seccomp",
                        argv(engine.argv("run", "--rm", "--network", "none", "--memory", Settings.MEMORY_MB + "m",
                                Lab.IMAGE, Lab.PROGRAM.getFirst()))))
                .toList();
    }

    Contender dockerExec(DockerPeer engine, String container) {
        var argv = argv(engine.argv("exec", container, Lab.PROGRAM.getFirst()));
        return new Contender("docker exec", "L5", "container, seccomp", () -> yardstick.time(argv));
    }

    List<String> missing() {
        return List.copyOf(missing);
    }

    private boolean present(String program) {
        if (!Lab.has(program)) {
            missing.add(program);
            return false;
        }
        return true;
    }

    /// The words given, then the program's own argument: its path is the last of them.
    private static List<String> argv(List<String> words) {
        return Stream.concat(words.stream(), Stream.of(Lab.PROGRAM.getLast())).toList();
    }

    private static List<String> argv(String... words) {
        return argv(List.of(words));
    }

    private String name() {
        return "faasbench" + ProcessHandle.current().pid() + "-" + names.incrementAndGet();
    }

    private Contender contender(String name, String isolation, List<String> argv) {
        return new Contender(name, isolation.equals("none") ? "-" : "L1", isolation, () -> yardstick.time(argv));
    }

    @Override
    public void close() {
        yardstick.close();
    }
}
