package dev.faas.store.image.build;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.faas.store.image.Scratch;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class AptSourcesTest {

    private final Scratch scratch = new Scratch();

    @AfterEach
    void clean() {
        scratch.close();
    }

    @Test
    void readsBothFormsAndLeavesOtherVendorsOut() throws IOException {
        write("etc/os-release", "ID=debian\nVERSION_CODENAME=bookworm\n");
        write("etc/apt/sources.list", """
                # a comment
                deb [arch=amd64 signed-by=/usr/share/keyrings/a.gpg] http://mirror.test/debian bookworm main x # y
                deb-src http://mirror.test/debian bookworm main
                deb http://vendor.test/apt vendor-bookworm main
                """);
        write("etc/apt/sources.list.d/debian.sources", """
                Types: deb deb-src
                URIs: http://mirror.test/debian
                Suites: bookworm-updates
                 bookworm-backports
                Components: main
                Signed-By: /usr/share/keyrings/b.gpg

                Types: deb
                Enabled: no
                URIs: http://off.test/debian
                Suites: bookworm
                Components: main
                """);

        var sources = AptSources.read(scratch.path());

        assertThat(sources.codename()).isEqualTo("bookworm");
        assertThat(sources.lines())
                .containsExactly(
                        "deb [signed-by=/usr/share/keyrings/a.gpg] http://mirror.test/debian bookworm main x",
                        "deb [signed-by=/usr/share/keyrings/b.gpg] http://mirror.test/debian bookworm-updates main");
    }

    @Test
    void saysWhatIsMissing() throws IOException {
        assertThatThrownBy(() -> AptSources.read(scratch.path())).hasMessageContaining("no apt");
        write("etc/os-release", "VERSION_CODENAME=\"trixie\"\n");
        write("etc/apt/sources.list", "deb http://mirror.test/debian bookworm main\n");
        assertThatThrownBy(() -> AptSources.read(scratch.path())).hasMessageContaining("trixie");
    }

    private void write(String name, String content) throws IOException {
        Path file = scratch.resolve(name);
        Files.createDirectories(file.getParent());
        Files.writeString(file, content);
    }
}
