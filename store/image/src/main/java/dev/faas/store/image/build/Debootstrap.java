package dev.faas.store.image.build;

import dev.faas.core.image.ImageStore.ProgressListener;
import dev.faas.store.image.layout.StoreLayout;
import dev.faas.store.image.posix.Posix;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Runs `mmdebstrap`: from packages to the archive of a root file system. Thread-safe.
final class Debootstrap {

    /// Times in a built image are not later than this, so that two builds of the same packages are alike.
    static final Instant EPOCH = Instant.parse("2026-01-01T00:00:00Z");

    private static final Logger LOG = LoggerFactory.getLogger(Debootstrap.class);
    private static final String TOOL = "mmdebstrap";
    private static final Duration LIMIT = Duration.ofMinutes(20);
    private static final int KEPT_LINES = 15;
    /// The steps that one run prints, more or less.
    private static final int STEPS = 9;
    /// Of its messages: what names files of its own tells a person nothing.
    private static final Pattern DETAIL = Pattern.compile(" directly: | as tempdir|^I: removing |^I: success|architecture ");
    /// What unpacking the largest definition and its packages takes, with room to spare.
    private static final long MEMORY_NEEDED = 3L << 30;

    private static final Path SHARED_MEMORY = Path.of("/dev/shm");

    private final Path work;
    private final AptSources sources;

    Debootstrap(Path work, AptSources sources) {
        this.work = work;
        this.sources = sources;
    }

    /// Builds the whole root file system of a definition.
    ///
    /// @param base the archive to start from, for a definition that adds to another
    void build(ImageDefinition definition, Optional<Path> base, Path archive, ProgressListener progress)
            throws IOException, InterruptedException {
        installTool(progress);
        Files.createDirectories(work);
        Path list = Files.write(work.resolve("sources.list"), sources.lines());
        Path hook = hook(definition);
        boolean inMemory = hasMemory();
        Path scratch = Files.createDirectory(
                inMemory ? SHARED_MEMORY.resolve("faas-" + work.getFileName()) : work.resolve("root"));
        try {
            var command = command(definition, base, hook);
            command.addAll(List.of(sources.codename(), archive.toString(), list.toString()));
            LOG.info("building image={} in_memory={}", definition.name(), inMemory);
            run(command, scratch, definition.name().value(), progress);
        } finally {
            StoreLayout.deleteTree(scratch);
        }
    }

    private List<String> command(ImageDefinition definition, Optional<Path> base, Path hook) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                TOOL,
                // As an ordinary user it needs ids of its own (/etc/subuid); it says so itself when there are none.
                Posix.isRoot() ? "--mode=root" : "--mode=unshare",
                "--variant=custom",
                "--format=tar",
                "--include=" + String.join(",", definition.packages()),
                // A build that is cut short is thrown away: waiting for the disk at each step gains nothing.
                "--dpkgopt=force-unsafe-io",
                "--aptopt=APT::Install-Recommends \"false\"",
                "--aptopt=Acquire::Languages \"none\"",
                "--customize-hook=" + hook));
        aptProxies().forEach(line -> command.add("--aptopt=" + line));
        if (base.isPresent()) {
            command.add("--setup-hook=" + unpack(base.get()));
        } else {
            command.add("--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr");
        }
        return command;
    }

    /// As root plain tar does. mmdebstrap's own `tar-in` feeds tar through a pipe and fails with SIGPIPE when tar has seen the archive's
    /// end before the last padding is written; an ordinary user needs it, because the root is then made by other ids, which can't
    /// read the store.
    private static String unpack(Path base) {
        return Posix.isRoot()
                ? "tar --extract --numeric-owner --xattrs '--xattrs-include=*' --file=" + base + " --directory=\"$1\""
                : "tar-in " + base + " /";
    }

    /// What happens in the root after the packages are installed.
    private Path hook(ImageDefinition definition) throws IOException {
        var script = new StringBuilder("#!/bin/sh\nset -e\n");
        if (!definition.setup().isEmpty()) {
            script.append("chroot \"$1\" /bin/sh -e <<'END_OF_SETUP'\n")
                    .append(String.join("\n", definition.setup()))
                    .append("\nEND_OF_SETUP\n");
        }
        for (String path : definition.remove()) {
            if (!path.matches("/[A-Za-z0-9._/+-]+") || path.contains("..")) {
                throw new IOException(definition.name() + ": '" + path + "' is no path to remove");
            }
            // Directories stay: installation scripts of other packages link into them.
            script.append("[ ! -e \"$1\"%1$s ] || find \"$1\"%1$s ! -type d -delete\n".formatted(path));
        }
        // These are the building machine's; a sandbox gets its own.
        script.append("for f in resolv.conf hostname; do : > \"$1/etc/$f\"; done\n");
        Path file = Files.writeString(work.resolve("customize"), script);
        return Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    private void run(List<String> command, Path scratch, String name, ProgressListener progress)
            throws IOException, InterruptedException {
        var builder = new ProcessBuilder(command).redirectErrorStream(true).directory(work.toFile());
        builder.environment().put("TMPDIR", scratch.toString());
        builder.environment().put("SOURCE_DATE_EPOCH", Long.toString(EPOCH.getEpochSecond()));
        builder.environment().put("LC_ALL", "C.UTF-8");
        var process = builder.start();
        process.getOutputStream().close();
        var last = new ArrayDeque<String>();
        var reader = Thread.ofVirtual().start(() -> follow(process, name, progress, last));
        try {
            if (!process.waitFor(LIMIT.toSeconds(), TimeUnit.SECONDS)) {
                throw new IOException("building " + name + " took longer than " + LIMIT.toMinutes() + " minutes");
            }
            reader.join();
        } finally {
            stop(process);
        }
        if (process.exitValue() != 0) {
            throw new IOException(
                    "building " + name + " with " + TOOL + " failed"
                            + (Posix.isRoot() ? "" : " (as an ordinary user it needs ids in /etc/subuid and 'uidmap')")
                            + ":\n  " + String.join("\n  ", last));
        }
    }

    /// Asked nicely first: it unmounts and cleans up after itself.
    private static void stop(Process process) {
        process.destroy();
        try {
            if (!process.waitFor(10, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }

    private static void follow(Process process, String name, ProgressListener progress, ArrayDeque<String> last) {
        int step = 0;
        try (var lines = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                LOG.debug("build image={} line={}", name, line);
                if (last.size() == KEPT_LINES) {
                    last.removeFirst();
                }
                last.addLast(line);
                if (line.startsWith("I: ") && !DETAIL.matcher(line).find()) {
                    step = Math.min(step + 1, STEPS);
                    progress.progress("build " + name + ": " + line.substring(3).replace("...", ""), step, STEPS);
                }
            }
        } catch (IOException e) {
            LOG.debug("the build's output ended image={}", name, e);
        }
    }

    private void installTool(ProgressListener progress) throws IOException, InterruptedException {
        if (isInstalled()) {
            return;
        }
        if (!Posix.isRoot()) {
            throw new IOException("building base images needs " + TOOL + "; ask an administrator for: apt-get install "
                    + TOOL + " uidmap");
        }
        progress.progress("install " + TOOL + " (builds base images from Debian packages)", 0, 0);
        var install = List.of("apt-get", "-qq", "-y", "--no-install-recommends", "install", TOOL);
        if (apt(install) != 0 && (apt(List.of("apt-get", "-qq", "update")) != 0 || apt(install) != 0)) {
            throw new IOException("apt-get could not install " + TOOL + "; run 'apt-get install " + TOOL
                    + "' to see why");
        }
    }

    private static boolean isInstalled() {
        return Arrays.stream(System.getenv().getOrDefault("PATH", "/usr/bin:/bin").split(":"))
                .anyMatch(directory -> Files.isExecutable(Path.of(directory, TOOL)));
    }

    private static int apt(List<String> command) throws IOException, InterruptedException {
        var builder = new ProcessBuilder(command)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(ProcessBuilder.Redirect.DISCARD);
        builder.environment().put("DEBIAN_FRONTEND", "noninteractive");
        var process = builder.start();
        try {
            return process.waitFor(LIMIT.toSeconds(), TimeUnit.SECONDS) ? process.exitValue() : -1;
        } finally {
            stop(process);
        }
    }

    /// The machine's proxies in apt's own words; mmdebstrap reads none of the machine's settings.
    private static List<String> aptProxies() throws IOException {
        var process = new ProcessBuilder("apt-config", "dump", "--no-empty", "Acquire")
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        try (var lines = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            return lines.lines()
                    .filter(line -> line.matches("Acquire::[a-z]+::(Proxy|proxy)(::[^ ]+)? \".*\";"))
                    .map(line -> line.substring(0, line.length() - 1))
                    .toList();
        } finally {
            process.destroy();
        }
    }

    /// dpkg syncs its own files whatever one tells it; in memory that costs nothing and halves the time.
    private static boolean hasMemory() {
        try {
            FileStore store = Files.getFileStore(SHARED_MEMORY);
            long available = Files.readAllLines(Path.of("/proc/meminfo")).stream()
                    .filter(line -> line.startsWith("MemAvailable:"))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) * 1024)
                    .sum();
            return store.type().equals("tmpfs")
                    && Files.isWritable(SHARED_MEMORY)
                    && store.getUsableSpace() > MEMORY_NEEDED
                    && available > 2 * MEMORY_NEEDED;
        } catch (IOException e) {
            return false;
        }
    }
}
