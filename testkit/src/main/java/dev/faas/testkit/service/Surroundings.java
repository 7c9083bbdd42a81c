package dev.faas.testkit.service;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.awaitility.Awaitility;

/// What a container of a [DockerEngine] could reach: servers on the engine's machine, on another machine behind it, and
/// on the link-local address under which clouds keep secrets. All of it lies in namespaces beside the engine.
public final class Surroundings implements AutoCloseable {

    /// Another machine, with two servers.
    public static final String OUTSIDE = "198.51.100.2";

    /// Where clouds serve credentials.
    public static final String METADATA = "169.254.169.254";

    /// The engine's machine, on the side of the other one.
    public static final String MACHINE = "198.51.100.1";

    public static final int PORT = 8000;
    public static final int OTHER_PORT = 8001;

    private static final Duration LIMIT = Duration.ofSeconds(20);

    private static final String LISTENER = """
            use IO::Socket::INET;
            for my $port (@ARGV) {
                next if fork;
                my $server = IO::Socket::INET->new(LocalPort => $port, Listen => 50, ReuseAddr => 1) or die $@;
                while (my $client = $server->accept) { close $client }
                exit;
            }
            wait;
            """;

    /// The links go with the namespace of the other machine, and that with its last process.
    private static final String SCRIPT = """
            set -e
            unshare --net sleep infinity &
            other=$!
            while [ "$(readlink /proc/$other/ns/net)" = "$(readlink /proc/$$/ns/net)" ]; do sleep 0.01; done
            ip link add outside0 type veth peer name eth0 netns $other
            ip address add 198.51.100.1/24 dev outside0
            ip link set outside0 up
            ip route add 169.254.169.254/32 dev outside0
            there() { nsenter -t $other -n "$@"; }
            there ip link set lo up
            there ip address add 198.51.100.2/24 dev eth0
            there ip address add 169.254.169.254/32 dev eth0
            there ip link set eth0 up
            there ip route add default via 198.51.100.1
            perl "$1" 8000 8001 &
            there perl "$1" 8000 8001
            """;

    private final Process process;

    private Surroundings(Process process) {
        this.process = process;
    }

    static Surroundings open(EngineRoom room, PrivateDirectory directory, Path log) {
        Programs.require("ip", "iproute2");
        var listener = directory.write("listener.pl", LISTENER);
        var script = directory.write("surroundings.sh", SCRIPT);
        var made = new Surroundings(room.start(List.of("/bin/bash", script.toString(), listener.toString()), log));
        try {
            Awaitility.await("servers around the engine")
                    .atMost(LIMIT)
                    .pollInterval(Duration.ofMillis(50))
                    .until(() -> {
                        Processes.requireAlive(made.process, log);
                        return answers(room, MACHINE) && answers(room, OUTSIDE) && answers(room, METADATA);
                    });
            return made;
        } catch (RuntimeException e) {
            made.close();
            throw e;
        }
    }

    private static boolean answers(EngineRoom room, String address) throws Exception {
        var probe = "exec 3<> /dev/tcp/" + address + "/8000 && exec 3<> /dev/tcp/" + address + "/8001";
        return new ProcessBuilder(room.inside(List.of("/bin/bash", "-c", probe))).start().waitFor() == 0;
    }

    @Override
    public void close() {
        Processes.killTree(process);
    }
}
