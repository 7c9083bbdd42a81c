package dev.faas.e2e;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/// Runs `./faas` as a person would, on a data directory that all tests share: its base image is made once.
final class Launcher {

    static final Path ROOT = Path.of(System.getProperty("faas.root"));
    static final Path DATA = ROOT.resolve("target/e2e-data");
    private static final Duration PATIENCE = Duration.ofMinutes(5);

    private Launcher() {}

    static Result run(String... arguments) throws IOException, InterruptedException {
        return run(new byte[0], arguments);
    }

    static Result run(byte[] stdin, String... arguments) throws IOException, InterruptedException {
        try (var running = startWithOpenInput(arguments)) {
            try (var input = running.process().getOutputStream()) {
                input.write(stdin);
            } catch (IOException e) {
                // It ended without reading all of it; what it wrote says why.
            }
            return running.await(PATIENCE);
        }
    }

    /// The first run on a machine builds, makes the base image and says so: that isn't what the tests are about.
    static void prepare() throws IOException, InterruptedException {
        var result = run("run", "--", "true");
        if (result.exitCode() != 0) {
            throw new AssertionError("nothing runs here:\n" + result.stderr());
        }
    }

    /// Without any input.
    static Running start(Map<String, String> environment, String... arguments) throws IOException {
        var command = command(arguments).redirectInput(Path.of("/dev/null").toFile());
        command.environment().putAll(environment);
        return new Running(command.start());
    }

    static Running startWithOpenInput(String... arguments) throws IOException {
        return new Running(command(arguments).start());
    }

    private static ProcessBuilder command(String... arguments) throws IOException {
        var command = new ArrayList<>(List.of(ROOT.resolve("faas").toString()));
        command.addAll(Arrays.asList(arguments));
        var builder = new ProcessBuilder(command);
        builder.environment().keySet().removeIf(name -> name.startsWith("FAAS_"));
        builder.environment().put("FAAS_DATA_DIR", Files.createDirectories(DATA).toString());
        return builder;
    }

    record Result(int exitCode, byte[] stdoutBytes, String stderr) {

        String stdout() {
            return new String(stdoutBytes, StandardCharsets.UTF_8);
        }
    }

    /// A command that runs; what it writes is read all the time.
    static final class Running implements AutoCloseable {

        private final Process process;
        private final ByteArrayOutputStream out = new ByteArrayOutputStream();
        private final ByteArrayOutputStream err = new ByteArrayOutputStream();
        private final List<Thread> readers;

        private Running(Process process) {
            this.process = process;
            readers = List.of(read(process.getInputStream(), out), read(process.getErrorStream(), err));
        }

        private static Thread read(InputStream from, ByteArrayOutputStream to) {
            return Thread.ofVirtual().start(() -> {
                try (from) {
                    from.transferTo(to);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
        }

        Process process() {
            return process;
        }

        /// SIGTERM. (Asking the process itself to be destroyed would close its streams as well.)
        void terminate() {
            process.toHandle().destroy();
        }

        /// SIGKILL.
        void kill() throws InterruptedException {
            process.toHandle().destroyForcibly();
            process.waitFor();
        }

        String stderr() {
            return err.toString(StandardCharsets.UTF_8);
        }

        String stdout() {
            return out.toString(StandardCharsets.UTF_8);
        }

        Result await(Duration limit) throws InterruptedException {
            if (!process.waitFor(limit.toSeconds(), TimeUnit.SECONDS)) {
                throw new AssertionError("still running after " + limit + "\n" + stderr());
            }
            for (var reader : readers) {
                reader.join();
            }
            return new Result(process.exitValue(), out.toByteArray(), stderr());
        }

        @Override
        public void close() {
            process.destroyForcibly();
        }
    }
}
