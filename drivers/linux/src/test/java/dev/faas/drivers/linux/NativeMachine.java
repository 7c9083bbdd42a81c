package dev.faas.drivers.linux;

import dev.faas.core.image.ImageReference;
import dev.faas.core.image.ImageStore.ProgressListener;
import dev.faas.core.sandbox.Sandbox;
import dev.faas.store.image.FileImageStore;
import dev.faas.store.image.ImageStoreConfig;
import dev.faas.testkit.sandbox.HostState;
import dev.faas.testkit.sandbox.TestMachine;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/// A native driver over the machine's shared image store, in a run directory of its own; closing it checks that the
/// host is as before.
final class NativeMachine implements AutoCloseable {

    static final ImageReference IMAGE = ImageReference.of("faas/base");

    final Path runDirectory;
    final NativeDriver driver;
    private final FileImageStore images;
    private final HostState before;

    NativeMachine(Path runDirectory) {
        this.runDirectory = runDirectory;
        images = FileImageStore.open(ImageStoreConfig.in(TestMachine.data().resolve("images")));
        images.require(IMAGE, ProgressListener.SILENT);
        before = HostState.now(runDirectory, Set.of());
        driver = NativeDriver.start(config(runDirectory), images);
    }

    static NativeDriverConfig config(Path runDirectory) {
        int uidBase = TestMachine.isRoot() ? ImageStoreConfig.DEFAULT_UID_BASE : 0;
        return NativeDriverConfig.of(
                TestMachine.program("faas-spawner"), TestMachine.program("faas-agent"), runDirectory, uidBase);
    }

    /// The spawner's process.
    static ProcessHandle spawner() {
        return ProcessHandle.current()
                .children()
                .filter(child -> child.info().command().orElse("").endsWith("faas-spawner"))
                .findFirst()
                .orElseThrow();
    }

    /// The names of the instances that live in the run directory.
    Set<String> instances() {
        try (var files = Files.list(runDirectory)) {
            return files.map(file -> file.getFileName().toString()).collect(Collectors.toSet());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// A sandbox's first process, as the host sees it: the spawner keeps a record of each.
    ProcessHandle agentOf(Sandbox sandbox) {
        try (var files = Files.walk(runDirectory, 2)) {
            return files.filter(file -> file.toString().endsWith(".record"))
                    .map(NativeMachine::linesOf)
                    .filter(lines -> lines.contains("id " + sandbox.id()))
                    .map(lines -> Long.parseLong(lines.getFirst().substring("pid ".length())))
                    .flatMap(pid -> ProcessHandle.of(pid).stream())
                    .findFirst()
                    .orElseThrow();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static List<String> linesOf(Path record) {
        try {
            var lines = Files.readAllLines(record);
            return lines.subList(0, Math.max(lines.indexOf("end"), 0));
        } catch (IOException e) {
            return List.of();
        }
    }

    static void kill(ProcessHandle process) throws Exception {
        process.destroyForcibly();
        process.onExit().get(10, TimeUnit.SECONDS);
    }

    @Override
    public void close() {
        var instances = instances();
        driver.close();
        images.close();
        before.assertRestored(runDirectory, instances);
    }
}
