package dev.faas.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class InstancesTest {

    @TempDir
    Path data;

    @Test
    void notesItselfDownUntilItEnds() throws Exception {
        var note = data.resolve("instances").resolve(String.valueOf(ProcessHandle.current().pid()));
        try (var _ = new Instances(data).register()) {
            assertThat(note).exists();
            assertThat(new Instances(data).alive()).as("others").isEmpty();
        }
        assertThat(note).doesNotExist();
    }

    @Test
    void endsTheOthers() throws Exception {
        var other = new ProcessBuilder("sleep", "300").start();
        try {
            note(other.toHandle(), other.info().startInstant().orElseThrow());
            var instances = new Instances(data);
            assertThat(instances.alive()).containsExactly(other.toHandle());
            assertThat(instances.end()).containsExactly("process " + other.pid());
            assertThat(other.isAlive()).isFalse();
            assertThat(instances.alive()).isEmpty();
        } finally {
            other.destroyForcibly();
        }
    }

    @Test
    void aNumberThatIsUsedAgainIsSomebodyElse() throws Exception {
        var stranger = new ProcessBuilder("sleep", "300").start();
        try {
            note(stranger.toHandle(), Instant.EPOCH);
            assertThat(new Instances(data).end()).isEmpty();
            assertThat(stranger.isAlive()).isTrue();
        } finally {
            stranger.destroyForcibly();
        }
    }

    private void note(ProcessHandle process, Instant start) throws IOException {
        var directory = Files.createDirectories(data.resolve("instances"));
        Files.writeString(directory.resolve(String.valueOf(process.pid())), start.toString());
    }
}
