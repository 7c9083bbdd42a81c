package dev.faas.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The README's first commands where a newcomer types them: on a machine that has nothing yet.
class FreshMachineIT {

    /// Two minutes are usual; without any package in Maven's and Cargo's caches it takes some more.
    private static final int LIMIT_MINUTES = 20;

    @TempDir
    Path folder;

    @Test
    void aBareDebianGetsEverythingItNeeds() throws Exception {
        var log = folder.resolve("fresh-debian.log");
        var process = new ProcessBuilder(Launcher.ROOT.resolve("e2e/fresh-debian.sh").toString())
                .redirectInput(Path.of("/dev/null").toFile())
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        try {
            boolean hasEnded = process.waitFor(LIMIT_MINUTES, TimeUnit.MINUTES);
            var said = Files.readString(log);
            assertThat(hasEnded).as(said).isTrue();
            assertThat(process.exitValue()).as(said).isZero();
            assertThat(said).contains("Installing maven (it builds the Java part)", "Building the platform (Java)",
                    "build faas/base", "the first run took");
        } finally {
            process.destroy();
        }
    }
}
