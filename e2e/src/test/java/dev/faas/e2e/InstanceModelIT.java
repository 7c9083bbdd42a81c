package dev.faas.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import dev.faas.api.ExecRequest;
import dev.faas.api.InstanceRequest;
import dev.faas.sdk.InstanceFilter;
import dev.faas.sdk.InstancesClient;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Random;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Twenty instances run commands, pause, resume and are looked at in random order, each against a model of what must be true.
@Timeout(300)
class InstanceModelIT {

    private static final int INSTANCES = 20;
    private static final Duration LENGTH = Duration.ofSeconds(20);
    private static final long SEED = 20_260_101;

    @TempDir
    static Path directory;

    @Test
    void everyInstanceIsWhatItsModelSays() throws Exception {
        var data = PlatformProcess.dataDirectory(directory);
        var host = new HostWatch(data);
        try (var platform = PlatformProcess.start(data);
                var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            host.note();
            var running = new ArrayList<Future<Integer>>();
            for (int i = 0; i < INSTANCES; i++) {
                var random = new Random(SEED + i);
                running.add(threads.submit(() -> live(platform.client().instances(), random)));
            }
            for (var one : running) {
                assertThat(one.get()).isPositive();
            }
            assertThat(platform.client().instances().list(InstanceFilter.ALL).instances()).isEmpty();
        }
        host.assertRestored();
    }

    /// @return how many steps were taken
    private static int live(InstancesClient instances, Random random) {
        var id = instances.create(InstanceRequest.builder().memoryMb(64).runtime("native").build()).id();
        int counter = 0;
        boolean isPaused = false;
        int steps = 0;
        for (long end = System.nanoTime() + LENGTH.toNanos(); System.nanoTime() < end; steps++) {
            switch (random.nextInt(6)) {
                case 0, 1 -> {
                    counter++;
                    assertThat(exec(instances, id, "echo x >> /tmp/log; wc -l < /tmp/log")).isEqualTo("" + counter);
                    isPaused = false;
                }
                case 2 -> {
                    assertThat(instances.pause(id).state()).isEqualTo("paused");
                    isPaused = true;
                }
                case 3 -> {
                    assertThat(instances.resume(id).state()).isEqualTo("running");
                    isPaused = false;
                }
                case 4 -> assertThat(instances.get(id).state()).isEqualTo(isPaused ? "paused" : "running");
                default -> {
                    var log = instances.files(id).stat("/tmp/log");
                    assertThat(log.isPresent() ? log.get().sizeBytes() : 0).isEqualTo(2L * counter);
                    isPaused = false;
                }
            }
        }
        assertThat(instances.delete(id).state()).isEqualTo("deleted");
        return steps;
    }

    private static String exec(InstancesClient instances, String id, String script) {
        var answer = instances.exec(id, ExecRequest.shell(script));
        assertThat(answer.exitCode()).as("%s", answer).isZero();
        return String.valueOf(answer.stdout()).strip();
    }
}
