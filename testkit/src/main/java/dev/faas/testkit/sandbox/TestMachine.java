package dev.faas.testkit.sandbox;

import java.nio.file.Files;
import java.nio.file.Path;

/// Where tests find what they share.
public final class TestMachine {

    private TestMachine() {}

    /// Kept between runs: images are built once per machine. `-Dfaas.test.data=…` moves it.
    public static Path data() {
        var configured = System.getProperty("faas.test.data");
        return configured == null || configured.isEmpty()
                ? Path.of(System.getProperty("user.home"), ".cache", "faas-test")
                : Path.of(configured);
    }

    /// A program of the native workspace; the launcher builds it before any test.
    public static Path program(String name) {
        var program = Path.of(System.getProperty("faas.native.dir"), name).toAbsolutePath();
        if (!Files.isExecutable(program)) {
            throw new AssertionError(program + " is missing: ./faas test builds it");
        }
        return program;
    }

    public static boolean isRoot() {
        return "root".equals(System.getProperty("user.name"));
    }
}
