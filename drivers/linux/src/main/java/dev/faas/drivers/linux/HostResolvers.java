package dev.faas.drivers.linux;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;

/// The host's name servers, as far as a sandbox can reach them: a resolver on the host's loopback is out of reach,
/// and there the servers that it asks itself are taken instead. IPv4 only, as sandboxes are.
final class HostResolvers {

    /// More than the C library looks at.
    private static final int MOST = 3;

    private static final Pattern IPV4 = Pattern.compile("(?:\\d{1,3}\\.){3}\\d{1,3}");

    private final List<Path> files;

    HostResolvers() {
        // The second is where systemd-resolved lists what its own stub at 127.0.0.53 asks.
        this(List.of(Path.of("/etc/resolv.conf"), Path.of("/run/systemd/resolve/resolv.conf")));
    }

    HostResolvers(List<Path> files) {
        this.files = files;
    }

    /// At most three addresses; none when the host knows only resolvers of its own loopback.
    List<String> reachable() {
        return files.stream()
                .map(HostResolvers::servers)
                .filter(servers -> !servers.isEmpty())
                .findFirst()
                .orElse(List.of());
    }

    private static List<String> servers(Path file) {
        try (var lines = Files.lines(file)) {
            return lines.map(line -> line.trim().split("\\s+"))
                    .filter(words -> words.length >= 2 && words[0].equals("nameserver"))
                    .map(words -> words[1])
                    .filter(address -> IPV4.matcher(address).matches() && !address.startsWith("127."))
                    .limit(MOST)
                    .toList();
        } catch (IOException e) {
            return List.of();
        }
    }
}
