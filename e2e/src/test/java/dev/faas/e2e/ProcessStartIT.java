package dev.faas.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.faas.api.ExecuteRequest;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.stream.IntStream;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// What the JVM starts while it serves, as its own flight recorder sees it.
@Timeout(120)
class ProcessStartIT {

    private static final int EXECUTIONS = 60;

    @TempDir
    Path directory;

    @Test
    void noProcessIsStartedByTheJvmForAnExecution() throws Exception {
        var data = PlatformProcess.dataDirectory(directory);
        try (var platform = PlatformProcess.start(data);
                var clients = Executors.newFixedThreadPool(4)) {
            record(platform);
            var request = ExecuteRequest.shell("echo hello").memoryMb(64).build();
            var runs = IntStream.range(0, EXECUTIONS).mapToObj(_ -> clients.submit(() -> platform.client().execute(request))).toList();
            for (var run : runs) {
                assertThat(run.get().stdout()).isEqualTo("hello\n");
            }
            assertThat(started(platform, "served")).isEmpty();

            // That the recorder would have seen one: the spawner is replaced.
            PlatformProcess.kill(platform.spawner());
            await().atMost(Duration.ofSeconds(60)).ignoreExceptions().until(() -> platform.client().execute(request).exitCode() == 0);
            assertThat(started(platform, "replaced")).isNotEmpty()
                    .allSatisfy(event -> assertThat(event.getString("command")).contains("faas-spawner"));
        }
    }

    private static void record(PlatformProcess platform) {
        jcmd(platform, "JFR.start", "name=starts", "settings=none", "+jdk.ProcessStart#enabled=true");
    }

    private List<RecordedEvent> started(PlatformProcess platform, String name) throws IOException {
        var file = directory.resolve(name + ".jfr");
        jcmd(platform, "JFR.dump", "name=starts", "filename=" + file);
        return RecordingFile.readAllEvents(file).stream()
                .filter(event -> event.getEventType().getName().equals("jdk.ProcessStart"))
                .toList();
    }

    private static void jcmd(PlatformProcess platform, String... words) {
        var command = new ArrayList<String>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "jcmd").toString());
        command.add(Long.toString(platform.handle().pid()));
        command.addAll(List.of(words));
        Shell.output(command.toArray(String[]::new));
    }
}
