package dev.faas.drivers.linux;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HostResolversTest {

    @TempDir
    Path directory;

    @Test
    void takesTheFirstThreeItCanReach() throws IOException {
        var file = file("a", "# comment\nnameserver 192.0.2.1\nnameserver ::1\nnameserver\t192.0.2.2\nsearch example\n"
                + "nameserver 192.0.2.3\nnameserver 192.0.2.4\n");

        assertThat(new HostResolvers(List.of(file)).reachable()).containsExactly("192.0.2.1", "192.0.2.2", "192.0.2.3");
    }

    @Test
    void looksBehindALoopbackResolver() throws IOException {
        var stub = file("stub", "nameserver 127.0.0.53\n");
        var upstream = file("upstream", "nameserver 198.51.100.1\n");

        assertThat(new HostResolvers(List.of(stub, upstream)).reachable()).containsExactly("198.51.100.1");
    }

    @Test
    void findsNoneWhereThereIsNone() throws IOException {
        var stub = file("stub", "nameserver 127.0.0.1\n");

        assertThat(new HostResolvers(List.of(stub, directory.resolve("missing"))).reachable()).isEmpty();
    }

    private Path file(String name, String content) throws IOException {
        return Files.writeString(directory.resolve(name), content);
    }
}
