package dev.faas.bench;

import dev.faas.core.common.DataSize;
import dev.faas.core.image.ImageReference;
import dev.faas.core.sandbox.Limits;
import dev.faas.core.sandbox.Network;
import dev.faas.core.sandbox.Sandbox;
import dev.faas.core.sandbox.SandboxSpec;
import dev.faas.drivers.linux.NativeDriver;
import dev.faas.drivers.linux.NativeDriverConfig;
import dev.faas.store.image.FileImageStore;
import dev.faas.store.image.ImageStoreConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/// The native driver in this process, for what HTTP has no route for yet: sandboxes that are kept. Thread-safe as the driver is.
final class Platform implements AutoCloseable {

    private static final int PROCESSES = 64;
    private static final int OPEN_FILES = 1024;
    private static final Limits LIMITS = new Limits(DataSize.ofMebibytes(Settings.MEMORY_MB), 1000, PROCESSES,
            DataSize.ofMebibytes(Settings.MEMORY_MB / 2), OPEN_FILES, 0, 0);

    private final FileImageStore images;
    private final NativeDriver driver;

    private Platform(FileImageStore images, NativeDriver driver) {
        this.images = images;
        this.driver = driver;
    }

    static Platform open(Lab lab) {
        var config = ImageStoreConfig.in(lab.dataDir().resolve("images"));
        var images = FileImageStore.open(config);
        var programs = lab.root().resolve("native/target/release");
        var driver = NativeDriver.start(
                NativeDriverConfig.of(programs.resolve("faas-spawner"), programs.resolve("faas-agent"),
                        lab.dataDir().resolve("run"), config.uidBase()),
                images);
        return new Platform(images, driver);
    }

    Sandbox sandbox(String id) {
        return driver.create(new SandboxSpec("bench-" + id, ImageReference.of(Lab.IMAGE), LIMITS, new Network.None(), false,
                "sandbox", Map.of()));
    }

    /// What the machine has left, as if this JVM held nothing.
    double availableMebibytes() throws IOException {
        System.gc();
        return meminfo("MemAvailable") + resident();
    }

    static double memAvailableMebibytes() throws IOException {
        return meminfo("MemAvailable");
    }

    private static double resident() throws IOException {
        return kib(Path.of("/proc/self/status"), "VmRSS:") / 1024;
    }

    private static double meminfo(String key) throws IOException {
        return kib(Path.of("/proc/meminfo"), key) / 1024;
    }

    private static double kib(Path file, String key) throws IOException {
        return Files.readAllLines(file).stream()
                .filter(line -> line.startsWith(key))
                .mapToDouble(line -> Double.parseDouble(line.replaceAll("[^0-9]", "")))
                .findFirst()
                .orElseThrow();
    }

    @Override
    public void close() {
        driver.close();
        images.close();
    }
}
