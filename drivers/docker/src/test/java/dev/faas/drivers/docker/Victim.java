package dev.faas.drivers.docker;

import dev.faas.testkit.service.DockerEngine;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/// A platform in a process of its own, made to be killed: it has one sandbox and waits.
final class Victim {

    static final String SANDBOX = "victim";

    private static final String READY = "ready";

    private Victim() {}

    /// Starts it and waits until its sandbox is there.
    static Process start(DockerEngine engine, Path runDirectory) throws IOException {
        var process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--enable-native-access=ALL-UNNAMED",
                        "-Dfaas.native.dir=" + System.getProperty("faas.native.dir"),
                        "-Dfaas.test.data=" + System.getProperty("faas.test.data", ""),
                        "-cp",
                        System.getProperty("java.class.path"),
                        Victim.class.getName(),
                        engine.host(),
                        runDirectory.toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        var output = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
        for (var line = output.readLine(); !READY.equals(line); line = output.readLine()) {
            if (line == null) {
                throw new AssertionError("the victim ended before it was ready");
            }
        }
        return process;
    }

    public static void main(String[] arguments) throws IOException {
        var config = DockerDriverConfig.of(program("faas-agent"), Path.of(arguments[1]))
                .withGuard(program("faas-spawner"))
                .withHost(arguments[0]);
        var driver = DockerDriver.start(config, DockerMachine.images(), DockerMachine.NOBODY);
        DockerFaultIT.create(driver, SANDBOX);
        System.out.println(READY);
        // Until it is killed, or whoever started it is.
        System.in.read();
        driver.close();
    }

    private static Path program(String name) {
        return Path.of(System.getProperty("faas.native.dir"), name);
    }
}
