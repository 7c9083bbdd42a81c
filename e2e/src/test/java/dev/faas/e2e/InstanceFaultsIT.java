package dev.faas.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import dev.faas.api.ExecRequest;
import dev.faas.api.InstanceRequest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// What becomes of instances whose server dies or stops: nothing is left of them, and the record says why.
@Timeout(120)
class InstanceFaultsIT {

    @TempDir
    static Path directory;

    @Test
    void aKilledServerLeavesNothingAndTheRecordSaysSo() throws IOException {
        var data = PlatformProcess.dataDirectory(Files.createDirectory(directory.resolve("killed")));
        var host = new HostWatch(data);
        String running;
        String paused;
        try (var platform = PlatformProcess.start(data)) {
            host.note();
            running = create(platform, "running");
            paused = create(platform, "paused");
            platform.client().instances().pause(paused);
            platform.kill();
        }
        host.assertRestored();
        try (var platform = PlatformProcess.start(data)) {
            host.note();
            for (var id : new String[] {running, paused}) {
                var lost = platform.client().instances().get(id);
                assertThat(lost.state()).isEqualTo("failed");
                assertThat(lost.reason()).isEqualTo("the server that ran it died");
            }
            assertThat(create(platform, "running")).isNotEqualTo(running);
        }
        host.assertRestored();
    }

    @Test
    void anOrderlyStopEndsThemAndTheRecordSaysSo() throws Exception {
        var data = PlatformProcess.dataDirectory(Files.createDirectory(directory.resolve("stopped")));
        var host = new HostWatch(data);
        String id;
        try (var platform = PlatformProcess.start(data)) {
            host.note();
            id = create(platform, "box");
            platform.terminate();
            assertThat(platform.awaitExit()).isZero();
        }
        host.assertRestored();
        try (var platform = PlatformProcess.start(data)) {
            host.note();
            var stopped = platform.client().instances().get(id);
            assertThat(stopped.state()).isEqualTo("stopped");
            assertThat(stopped.reason()).isEqualTo("the server stopped");
        }
        host.assertRestored();
    }

    private static String create(PlatformProcess platform, String name) {
        var instances = platform.client().instances();
        var id = instances.create(InstanceRequest.builder().name(name).runtime("native").build()).id();
        // Something that would go on for ever.
        instances.exec(id, ExecRequest.shell("(while :; do sleep 1; done) >/dev/null 2>&1 &"));
        return id;
    }
}
