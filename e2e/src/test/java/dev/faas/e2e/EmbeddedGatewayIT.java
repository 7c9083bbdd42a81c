package dev.faas.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.Inet4Address;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// The gateway that `faas run` starts for itself, on a port nobody knows before.
class EmbeddedGatewayIT {

    private static final Duration PATIENCE = Duration.ofSeconds(90);

    /// Waits for a list of addresses and knocks at each.
    private static final String GUEST = """
            : %s
            awk '$2 == "00000000" {print "has a way out"}' /proc/net/route
            : >/tmp/doors
            echo ready
            until grep -q end /tmp/doors; do sleep 0.1; done
            while read -r address port; do
                if timeout 2 bash -c "exec 3<>/dev/tcp/$address/$port" 2>/dev/null; then echo "open $address"; else echo "shut $address"; fi
            done < <(grep -v end /tmp/doors)
            """;

    @BeforeAll
    static void prepare() throws IOException, InterruptedException {
        Launcher.prepare();
    }

    @Test
    void itsGuestDoesNotReachIt() throws Exception {
        var mark = UUID.randomUUID().toString();
        try (var run = Launcher.start(Map.of(), "run", "--network", "nat", "-t", "5m", "--", "bash", "-c", GUEST.formatted(mark))) {
            await().atMost(PATIENCE).until(() -> run.stdout().contains("ready"));
            int port = listeningPort(run.process().pid());
            try (var fromHere = new Socket()) {
                fromHere.connect(new InetSocketAddress("127.0.0.1", port), 5000);
                assertThat(fromHere.isConnected()).isTrue();
            }

            var addresses = addressesOfThisHost();
            tell(mark, addresses.stream().map(address -> address + " " + port + "\n").collect(Collectors.joining()));

            var result = run.await(PATIENCE);
            assertThat(result.stdout().lines().toList()).startsWith("has a way out", "ready").hasSize(2 + addresses.size())
                    .noneMatch(line -> line.startsWith("open"));
        }
    }

    private static List<String> addressesOfThisHost() throws IOException {
        return NetworkInterface.networkInterfaces()
                .flatMap(NetworkInterface::inetAddresses)
                .filter(Inet4Address.class::isInstance)
                .map(address -> address.getHostAddress())
                .distinct()
                .toList();
    }

    /// The only port a process listens on.
    private static int listeningPort(long pid) {
        var sockets = sockets(pid);
        var ports = Stream.of("tcp", "tcp6")
                .flatMap(table -> lines(Path.of("/proc", Long.toString(pid), "net", table)).stream())
                .map(line -> line.strip().split("\\s+"))
                .filter(columns -> columns[3].equals("0A") && sockets.contains("socket:[" + columns[9] + "]"))
                .map(columns -> Integer.parseInt(columns[1].substring(columns[1].lastIndexOf(':') + 1), 16))
                .toList();
        assertThat(ports).hasSize(1);
        return ports.getFirst();
    }

    private static Set<String> sockets(long pid) {
        try (var descriptors = Files.list(Path.of("/proc", Long.toString(pid), "fd"))) {
            return descriptors.map(EmbeddedGatewayIT::target).collect(Collectors.toSet());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String target(Path descriptor) {
        try {
            return Files.readSymbolicLink(descriptor).toString();
        } catch (IOException e) {
            // Closed meanwhile.
            return "";
        }
    }

    private static List<String> lines(Path file) {
        try {
            return Files.readAllLines(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// Writes into a file the guest has made: this side's ids mean nothing on its file system, so it can't make one.
    private static void tell(String mark, String doors) throws IOException {
        var guest = await().atMost(PATIENCE).until(() -> guest(mark), process -> !process.toString().isEmpty());
        Files.writeString(
                guest.resolve("root/tmp/doors"), doors + "end\n", StandardOpenOption.WRITE, StandardOpenOption.TRUNCATE_EXISTING);
    }

    private static Path guest(String mark) {
        return ProcessHandle.allProcesses()
                .map(process -> Path.of("/proc", Long.toString(process.pid())))
                .filter(process -> isGuest(process, mark))
                .findFirst()
                .orElse(Path.of(""));
    }

    private static boolean isGuest(Path process, String mark) {
        try {
            var words = Files.readString(process.resolve("cmdline"), StandardCharsets.ISO_8859_1);
            return words.startsWith("bash\0-c\0") && words.contains(mark);
        } catch (IOException e) {
            // Ended meanwhile.
            return false;
        }
    }
}
