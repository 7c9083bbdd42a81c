package dev.faas.testkit.sandbox;

import dev.faas.core.sandbox.Command;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/// What a fake process runs. A kill interrupts its thread.
@FunctionalInterface
public interface FakeProgram {

    /// @return the exit code
    int run(Context context) throws IOException, InterruptedException;

    /// What a program sees of its surroundings.
    ///
    /// @param process itself, for programs that end by a signal or outgrow their memory
    record Context(
            Command command, FakeSandbox sandbox, FakeProcess process, InputStream stdin, OutputStream stdout, OutputStream stderr) {

        /// Waits while the sandbox is frozen: programs that go on by themselves call it at each step.
        public void breathe() {
            sandbox.awaitThawed();
        }

        /// Writes a line to stdout.
        public void print(String line) throws IOException {
            stdout.write((line + "\n").getBytes(StandardCharsets.UTF_8));
        }

        PrintStream errors() {
            return new PrintStream(stderr, true, StandardCharsets.UTF_8);
        }

        Context withStdout(OutputStream other) {
            return new Context(command, sandbox, process, stdin, other, stderr);
        }

        Context withCommand(Command other) {
            return new Context(other, sandbox, process, stdin, stdout, stderr);
        }
    }
}
