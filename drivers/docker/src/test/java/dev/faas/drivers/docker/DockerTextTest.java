package dev.faas.drivers.docker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The parts of the driver that need no engine.
class DockerTextTest {

    @Test
    void outputIsTakenOutOfTheEnginesStream() throws IOException {
        var stream = new ByteArrayOutputStream();
        stream.write(piece(1, "one "));
        stream.write(piece(2, "complaint\nand a half"));
        stream.write(piece(1, ""));
        stream.write(piece(1, "two"));
        stream.write(piece(2, " line\n"));
        var complaints = new ArrayList<String>();
        try (var output = new AgentOutput(new ByteArrayInputStream(stream.toByteArray()), complaints::add)) {
            assertThat(output.readAllBytes()).asString(StandardCharsets.US_ASCII).isEqualTo("one two");
        }
        assertThat(complaints).containsExactly("complaint", "and a half line");
    }

    @Test
    void aStreamThatBreaksOffOrIsSomethingElseIsAnError() {
        for (var broken : new byte[][] {{1, 0, 0}, {1, 0, 0, 0, 0, 0, 0, 5, 'x'}, {9, 0, 0, 0, 0, 0, 0, 1, 'x'}}) {
            var output = new AgentOutput(new ByteArrayInputStream(broken), line -> {});
            assertThatThrownBy(output::readAllBytes).isInstanceOf(IOException.class);
        }
    }

    @Test
    void aPipeCarriesEveryByteInOrder() throws Exception {
        var bytes = new byte[3_000_000];
        new Random(7).nextBytes(bytes);
        var pipe = new BytePipe();
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var read = threads.submit(() -> pipe.source().readAllBytes());
            try (var sink = pipe.sink()) {
                sink.write(bytes, 0, 1);
                sink.write(bytes, 1, bytes.length - 1);
            }
            assertThat(read.get()).isEqualTo(bytes);
        }
    }

    @Test
    void endingAPipeReleasesBothSides() throws Exception {
        var pipe = new BytePipe();
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var writing = threads.submit(() -> {
                pipe.sink().write(new byte[10_000_000]);
                return true;
            });
            pipe.end();
            assertThatThrownBy(writing::get).hasRootCauseInstanceOf(IOException.class);
            assertThat(pipe.source().read()).isEqualTo(-1);
        }
    }

    @Test
    void countersAreReadFromTheKernelsFiles() {
        var devices = """
                Inter-|   Receive                                                |  Transmit
                 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop
                    lo:     500       5    0    0    0     0          0         0      500       5    0    0
                  eth0:    1200      10    0    0    0     0          0         0      340       4    0    0
                """;
        assertThat(GuestCounters.traffic(devices, 0)).isEqualTo(1200);
        assertThat(GuestCounters.traffic(devices, 8)).isEqualTo(340);
        assertThat(GuestCounters.value("low 0\noom 3\noom_kill 2\n", "oom_kill")).isEqualTo(2);
        assertThat(GuestCounters.value("oom_kill_disable 0\nunder_oom 0\noom_kill 1\n", "oom_kill")).isEqualTo(1);
        assertThat(GuestCounters.value("", "oom_kill")).isZero();
    }

    @Test
    void theEnginesMessagesAreUnwrapped() {
        var wrapped = "Status 404: {\"message\":\"No such image: x:1\"}\n";
        assertThat(EngineText.message(wrapped)).isEqualTo("No such image: x:1");
        assertThat(EngineText.message("plain")).isEqualTo("plain");
        assertThat(EngineText.rootMessage(new RuntimeException("outer", new IOException("Connection refused"))))
                .isEqualTo("Connection refused");
        assertThat(PullProgress.saysMissing("manifest for x:1 not found: manifest unknown")).isTrue();
        assertThat(PullProgress.saysMissing("dial tcp: i/o timeout")).isFalse();
    }

    @Test
    void anAgentForAnotherMachineIsNoticed(@TempDir Path directory) throws IOException {
        var header = ByteBuffer.allocate(64).put(new byte[] {0x7f, 'E', 'L', 'F'}).put(18, (byte) 183).array();
        var program = new AgentProgram(Files.write(directory.resolve("agent"), header));
        assertThat(program.misfit("aarch64")).isEmpty();
        assertThat(program.misfit("x86_64")).hasValueSatisfying(why -> assertThat(why).contains("x86_64"));
        var script = new AgentProgram(Files.writeString(directory.resolve("script"), "#!/bin/sh\necho no program\n"));
        assertThat(script.misfit("x86_64")).isPresent();
        assertThat(new AgentProgram(directory.resolve("missing")).misfit("x86_64")).isPresent();
    }

    @Test
    void anOwnerIsDeadOnlyWhenItsLockIsFree(@TempDir Path directory) throws IOException {
        var owner = Ownership.claim(directory);
        var labels = owner.labels();
        assertThat(Ownership.isAbandoned(labels)).isFalse();
        owner.close();
        assertThat(Ownership.isAbandoned(labels)).isTrue();
        var lock = Files.createFile(Path.of(labels.get("dev.faas.lock")));
        assertThat(Ownership.isAbandoned(labels)).isTrue();
        Ownership.forget(labels);
        assertThat(lock).doesNotExist();
        Files.delete(directory);
        // Seen from a machine or container without the directory, nothing is known.
        assertThat(Ownership.isAbandoned(labels)).isFalse();
        Files.createDirectory(directory);
        assertThat(Ownership.isAbandoned(Map.of("dev.faas.instance", "other"))).isFalse();
    }

    private static byte[] piece(int stream, String text) {
        var bytes = text.getBytes(StandardCharsets.US_ASCII);
        return ByteBuffer.allocate(8 + bytes.length)
                .put((byte) stream)
                .putInt(4, bytes.length)
                .put(8, bytes)
                .array();
    }
}
