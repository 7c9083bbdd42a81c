package dev.faas.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import dev.faas.core.image.ImageReference;
import dev.faas.core.image.ImageStore.ProgressListener;
import dev.faas.sdk.ClientConfig;
import dev.faas.sdk.FaasClient;
import dev.faas.store.image.FileImageStore;
import dev.faas.store.image.ImageStoreConfig;
import dev.faas.testkit.sandbox.TestMachine;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.awaitility.Awaitility;

/// A gateway in a process of its own, as `./faas serve` runs it, with a client. Confined to one test at a time.
final class PlatformProcess implements AutoCloseable {

    private static final Duration START_LIMIT = Duration.ofSeconds(40);
    private static final int STOP_SECONDS = 60;
    private static final Pattern ADDRESS = Pattern.compile("http://127\\.0\\.0\\.1:[0-9]+");

    private final Process process;
    private final Path log;
    private final URI uri;
    private final FaasClient client;
    private final WireClient wire;

    private PlatformProcess(Process process, Path log, URI uri) {
        this.process = process;
        this.log = log;
        this.uri = uri;
        // A test that waits for a failure must see the first one.
        client = new FaasClient(ClientConfig.of(uri).withRetries(0, Duration.ofMillis(1)));
        wire = new WireClient(uri);
    }

    /// A fresh data directory over the machine's shared images, which take long to make.
    static Path dataDirectory(Path parent) {
        var shared = TestMachine.data().resolve("images");
        try (var images = FileImageStore.open(ImageStoreConfig.in(shared))) {
            images.require(ImageReference.of("faas/base"), ProgressListener.SILENT);
        }
        try {
            var data = Files.createDirectory(parent.resolve("data"));
            Files.createSymbolicLink(data.resolve("images"), shared.toAbsolutePath());
            return data;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static PlatformProcess start(Path data) {
        return start(data, Map.of());
    }

    /// @param settings by the names of environment variables, on top of the usual ones
    static PlatformProcess start(Path data, Map<String, String> settings) {
        try {
            var log = Files.createTempFile(data.getParent(), "serve", ".log");
            var command = Java.main(List.of("serve", "--addr", "127.0.0.1:0", "--data-dir", data.toString()));
            Java.settings(command, settings);
            var process = command.redirectErrorStream(true).redirectOutput(log.toFile()).start();
            try {
                return new PlatformProcess(process, log, awaitReady(process, log));
            } catch (RuntimeException | Error e) {
                process.destroyForcibly();
                throw e;
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static URI awaitReady(Process process, Path log) {
        return Awaitility.await()
                .atMost(START_LIMIT)
                .pollInterval(Duration.ofMillis(20))
                .failFast("the gateway ended", () -> assertThat(process.isAlive()).as(read(log)).isTrue())
                .until(() -> address(log), address -> !address.toString().isEmpty());
    }

    private static URI address(Path log) {
        return read(log).lines()
                .filter(line -> line.contains("\"ready\""))
                .map(line -> line.replace("\\/", "/"))
                .map(ADDRESS::matcher)
                .filter(java.util.regex.Matcher::find)
                .map(matcher -> URI.create(matcher.group()))
                .findFirst()
                .orElse(URI.create(""));
    }

    URI uri() {
        return uri;
    }

    FaasClient client() {
        return client;
    }

    WireClient wire() {
        return wire;
    }

    ProcessHandle handle() {
        return process.toHandle();
    }

    /// The privileged process beside it.
    ProcessHandle spawner() {
        return process.children()
                .filter(child -> child.info().command().orElse("").endsWith("faas-spawner"))
                .findFirst()
                .orElseThrow();
    }

    String log() {
        return read(log);
    }

    /// SIGKILL.
    void kill() {
        kill(handle());
    }

    static void kill(ProcessHandle victim) {
        victim.destroyForcibly();
        Awaitility.await().atMost(START_LIMIT).until(() -> !victim.isAlive());
    }

    /// SIGTERM; returns at once.
    void terminate() {
        process.destroy();
    }

    int awaitExit() throws InterruptedException {
        if (!process.waitFor(STOP_SECONDS, TimeUnit.SECONDS)) {
            throw new AssertionError("the gateway does not end: " + log());
        }
        return process.exitValue();
    }

    private static String read(Path log) {
        try {
            return Files.readString(log);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// Stops it in order if it still runs.
    @Override
    public void close() {
        client.close();
        wire.close();
        process.destroy();
        try {
            if (!process.waitFor(STOP_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
