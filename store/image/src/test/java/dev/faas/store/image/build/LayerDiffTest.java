package dev.faas.store.image.build;

import static org.assertj.core.api.Assertions.assertThat;

import dev.faas.store.image.Scratch;
import dev.faas.store.image.TarBuilder;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.junit.jupiter.api.Test;

class LayerDiffTest {

    @Test
    void holdsWhatIsNewChangedOrGone() throws IOException {
        var base = new TarBuilder()
                .directory("./")
                .directory("./etc/")
                .file("./etc/same", "s")
                .file("./etc/changed", "before")
                .file("./etc/gone", "g")
                .directory("./old/")
                .file("./old/below", "b");
        var full = new TarBuilder()
                .directory("./")
                .directory("./etc/", entry -> entry.setModTime(0))
                .file("./etc/same", "s".getBytes(StandardCharsets.UTF_8), entry -> entry.setModTime(0))
                .file("./etc/changed", "after!")
                .directory("./usr/")
                .file("./usr/new", "n");

        assertThat(diff(base, full))
                .containsExactlyInAnyOrder("./etc/", "./etc/changed", "./usr/", "./usr/new", "etc/.wh.gone", ".wh.old");
    }

    @Test
    void aNewHardLinkBringsItsTarget() throws IOException {
        var base = new TarBuilder().directory("./").file("./one", "1");
        var full = new TarBuilder().directory("./").file("./one", "1").hardLink("./two", "./one");

        assertThat(diff(base, full)).containsExactlyInAnyOrder("./one", "./two");
    }

    private static List<String> diff(TarBuilder base, TarBuilder full) throws IOException {
        try (var scratch = new Scratch()) {
            var before = Files.write(scratch.resolve("base.tar"), base.bytes());
            var after = Files.write(scratch.resolve("full.tar"), full.bytes());
            var out = new ByteArrayOutputStream();
            new LayerDiff(before, after).write(out);
            List<String> names = new ArrayList<>();
            try (var tar = new TarArchiveInputStream(new ByteArrayInputStream(out.toByteArray()))) {
                for (var entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
                    names.add(entry.getName());
                }
            }
            return names;
        }
    }
}
