package dev.faas.server.doctor;

import static dev.faas.server.doctor.Doctor.finding;

import dev.faas.cli.LocalPlatform.Finding;
import dev.faas.core.common.DataSize;
import dev.faas.core.sandbox.DriverStatus.Level;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/// What the host itself offers, whatever the technology.
final class HostChecks {

    private static final DataSize ENOUGH_DISK = DataSize.ofBytes(2 * DataSize.GIB);
    private static final int PROGRAM_SECONDS = 5;

    private HostChecks() {}

    static List<Finding> all(Path dataDir) {
        var findings = new ArrayList<Finding>();
        findings.add(java());
        findings.add(kernel());
        findings.add(memory());
        findings.addAll(data(dataDir));
        findings.add(imageBuilder());
        findings.add(criu());
        findings.add(kvm());
        return findings;
    }

    private static Finding java() {
        return finding("host", "java", Level.OK, Runtime.version() + " at " + System.getProperty("java.home"), "");
    }

    private static Finding kernel() {
        return finding("host", "kernel", Level.OK,
                System.getProperty("os.name") + " " + System.getProperty("os.version") + ", "
                        + Runtime.getRuntime().availableProcessors() + " processors, "
                        + (isRoot() ? "as root" : "as an ordinary user"), "");
    }

    private static boolean isRoot() {
        return System.getProperty("user.name").equals("root");
    }

    private static Finding memory() {
        try {
            for (var line : Files.readAllLines(Path.of("/proc/meminfo"))) {
                if (line.startsWith("MemAvailable:")) {
                    long kib = Long.parseLong(line.replaceAll("\\D", ""));
                    return finding("host", "memory", Level.OK, kib / 1024 + " MiB available", "");
                }
            }
        } catch (IOException e) {
            // Not Linux: there is no such file, and nothing here depends on it.
        }
        return finding("host", "memory", Level.OK, Runtime.getRuntime().maxMemory() / DataSize.MIB + " MiB for Java", "");
    }

    private static List<Finding> data(Path dataDir) {
        var existing = firstThatExists(dataDir.toAbsolutePath());
        var findings = new ArrayList<Finding>();
        findings.add(Files.isWritable(existing)
                ? finding("host", "data directory", Level.OK, dataDir.toString(), "")
                : finding("host", "data directory", Level.MISSING, dataDir + " can't be written",
                        "set FAAS_DATA_DIR to a directory of yours"));
        try {
            long free = Files.getFileStore(existing).getUsableSpace();
            boolean isEnough = free >= ENOUGH_DISK.bytes();
            findings.add(finding("host", "disk space", isEnough ? Level.OK : Level.DEGRADED,
                    free / DataSize.MIB + " MiB free there",
                    isEnough ? "" : "images need some gigabytes: free some, or set FAAS_DATA_DIR to a larger disk"));
        } catch (IOException e) {
            findings.add(finding("host", "disk space", Level.DEGRADED, "can't be asked: " + e.getMessage(), ""));
        }
        return findings;
    }

    private static Path firstThatExists(Path path) {
        var parent = path.getParent();
        return Files.exists(path) || parent == null ? path : firstThatExists(parent);
    }

    private static Finding imageBuilder() {
        return program("mmdebstrap")
                .map(path -> finding("host", "mmdebstrap", Level.OK, path + " makes base images", ""))
                .orElseGet(() -> finding("host", "mmdebstrap", Level.DEGRADED, "base images can't be made here",
                        "apt-get install mmdebstrap, or import an image: ./faas image import"));
    }

    private static Finding criu() {
        var path = program("criu");
        if (path.isEmpty()) {
            return finding("host", "criu", Level.MISSING, "not installed; the checkpointed mode, still to come, will need it", "");
        }
        return succeeds(path.get().toString(), "check")
                ? finding("host", "criu", Level.OK, "'criu check' is content", "")
                : finding("host", "criu", Level.DEGRADED, path.get() + " is there, but 'criu check' fails on this kernel",
                        "install a newer CRIU (4.1 or later)");
    }

    /// A device says little: there are machines whose KVM runs no ordinary kernel. Only booting a guest would tell.
    private static Finding kvm() {
        var device = Path.of("/dev/kvm");
        if (!Files.exists(device)) {
            return finding("host", "kvm", Level.MISSING, "no /dev/kvm; nothing here needs it yet", "");
        }
        var detail = Files.isReadable(device) && Files.isWritable(device)
                ? "/dev/kvm is there and can be opened; whether a guest boots was not tried"
                : "/dev/kvm is there, but not for this user";
        return finding("host", "kvm", Level.DEGRADED, detail, "");
    }

    private static Optional<Path> program(String name) {
        for (var folder : (System.getenv().getOrDefault("PATH", "") + ":/usr/sbin:/sbin").split(":")) {
            var file = Path.of(folder.isEmpty() ? "." : folder, name);
            if (Files.isExecutable(file)) {
                return Optional.of(file);
            }
        }
        return Optional.empty();
    }

    private static boolean succeeds(String... command) {
        try {
            var process = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start();
            if (!process.waitFor(PROGRAM_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                return false;
            }
            return process.exitValue() == 0;
        } catch (IOException e) {
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }
}
