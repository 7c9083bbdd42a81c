package dev.faas.bench;

import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// Talks to `faas-yardstick`, a small native program that starts the command-line peers and times them. Timing them from here would
/// charge every peer with the JVM's own dear process start. Confined to one thread.
final class Yardstick implements AutoCloseable {

    private static final int STOP_SECONDS = 5;

    private final Process process;
    private final BufferedWriter out;
    private final BufferedReader in;

    /// @param prefix what to start it under, for instance `unshare -m …` to hide a mount from crun
    Yardstick(List<String> prefix, Path program) throws IOException {
        var command = new java.util.ArrayList<>(prefix);
        command.add(program.toString());
        process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
        out = process.outputWriter(StandardCharsets.UTF_8);
        in = process.inputReader(StandardCharsets.UTF_8);
    }

    /// Starts the command, waits for its end and says how long that took, in nanoseconds.
    ///
    /// @throws IOException if it did not exit with 0
    long time(List<String> argv) throws IOException {
        out.write(String.join("\t", argv));
        out.newLine();
        out.flush();
        var line = in.readLine();
        if (line == null) {
            throw new IOException("the yardstick is gone");
        }
        var fields = line.split(" ", 3);
        if (!fields[0].equals("ok")) {
            throw new IOException(argv.getFirst() + ": " + line);
        }
        return Long.parseLong(fields[1]);
    }

    @Override
    public void close() {
        try {
            out.close();
            if (!process.waitFor(STOP_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (IOException e) {
            process.destroyForcibly();
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
