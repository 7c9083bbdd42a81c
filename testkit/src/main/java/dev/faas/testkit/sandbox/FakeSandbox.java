package dev.faas.testkit.sandbox;

import dev.faas.core.common.ErrorCode;
import dev.faas.core.common.PlatformException;
import dev.faas.core.common.TimeSource;
import dev.faas.core.image.Image;
import dev.faas.core.sandbox.Command;
import dev.faas.core.sandbox.Isolation;
import dev.faas.core.sandbox.Origin;
import dev.faas.core.sandbox.Limits;
import dev.faas.core.sandbox.Sandbox;
import dev.faas.core.sandbox.SandboxControl;
import dev.faas.core.sandbox.SandboxSpec;
import dev.faas.core.sandbox.SandboxStats;
import java.io.IOException;
import java.nio.channels.ByteChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Pattern;

/// A sandbox in memory. Thread-safe.
public final class FakeSandbox implements Sandbox {

    private static final Set<String> USERS = Set.of("", "root", "nobody", "daemon");
    private static final Pattern NUMERIC_USER = Pattern.compile("[0-9]+(:[0-9]+)?");

    private final SandboxSpec spec;
    private final Image image;
    private final FakeSandboxDriver driver;
    private final TimeSource time;
    private final FakeFiles files;
    private final FakeControl control;
    private final CopyOnWriteArrayList<FakeProcess> processes = new CopyOnWriteArrayList<>();
    private final AtomicInteger lastPid = new AtomicInteger(1);
    private final AtomicInteger oomKills = new AtomicInteger();
    /// How it ended; empty while it lives.
    private final AtomicReference<String> end = new AtomicReference<>("");

    FakeSandbox(SandboxSpec spec, Image image, FakeSandboxDriver driver, TimeSource time) {
        this.spec = spec;
        this.image = image;
        this.driver = driver;
        this.time = time;
        files = new FakeFiles(time::instant);
        control = new FakeControl(this, driver::beforeFreeze, this::requireAlive);
    }

    /// What it was made from.
    public SandboxSpec spec() {
        return spec;
    }

    /// Breaks the sandbox as the loss of its agent would.
    public void lose() {
        end("lost");
    }

    @Override
    public String id() {
        return spec.id();
    }

    @Override
    public Isolation isolation() {
        return driver.isolation();
    }

    @Override
    public Image image() {
        return image;
    }

    @Override
    public Duration startTime() {
        return Duration.ofNanos(1);
    }

    @Override
    public Origin origin() {
        return Origin.COLD;
    }

    @Override
    public boolean isAlive() {
        return end.get().isEmpty();
    }

    @Override
    public FakeProcess start(Command command) {
        driver.beforeStart(this);
        awaitThawed();
        if (!USERS.contains(command.user()) && !NUMERIC_USER.matcher(command.user()).matches()) {
            throw PlatformException.invalid("user", "there is no user '" + command.user() + "' in the sandbox");
        }
        var directory = command.workingDir();
        if (!directory.isEmpty() && files.stat(directory, "").isEmpty()) {
            throw PlatformException.invalid("working_dir", directory + " does not exist in the sandbox");
        }
        var name = command.argv().getFirst();
        var program = program(name).orElseThrow(() -> PlatformException.invalid("command", name + ": not found"));
        var process = new FakeProcess(lastPid.incrementAndGet(), command, this, program, time);
        processes.add(process);
        process.begin();
        return process;
    }

    @Override
    public FakeProcess start(Command command, byte[] input) {
        var process = start(command);
        Thread.startVirtualThread(() -> {
            try (var stdin = process.stdin()) {
                stdin.write(input);
            } catch (IOException ended) {
                // A process need not read all it is given.
            }
        });
        return process;
    }

    @Override
    public FakeFiles files() {
        awaitThawed();
        return files;
    }

    /// No program here listens.
    @Override
    public ByteChannel connect(int port) {
        requireAlive();
        throw new PlatformException(ErrorCode.NOT_FOUND, "connection refused: nothing listens on port " + port);
    }

    @Override
    public Optional<SandboxControl> control() {
        return driver.isControllable() ? Optional.of(control) : Optional.empty();
    }

    /// Whether it stands still.
    public boolean isFrozen() {
        return control.isFrozen();
    }

    /// As changed last.
    public Limits limits() {
        return control.limits();
    }

    @Override
    public SandboxStats stats() {
        requireAlive();
        return currentStats();
    }

    @Override
    public SandboxStats destroy() {
        driver.beforeDestroy(this);
        end("destroyed");
        return currentStats();
    }

    Optional<FakeProgram> program(String name) {
        var known = driver.program(name);
        return known.isPresent() ? known : driver.program(String.valueOf(Path.of(name).getFileName()));
    }

    void countOomKill() {
        oomKills.incrementAndGet();
    }

    private SandboxStats currentStats() {
        return new SandboxStats(Duration.ZERO, driver.memoryPeak(), driver.memory(), oomKills.get(), processes.size(), 0, 0);
    }

    private void end(String how) {
        if (end.compareAndSet("", how)) {
            processes.forEach(process -> process.lose("the sandbox was " + how));
            control.release();
            driver.forget(this);
        }
    }

    /// Blocks while the sandbox is frozen.
    void awaitThawed() {
        requireAlive();
        control.awaitThawed();
        requireAlive();
    }

    private void requireAlive() {
        if (!end.get().isEmpty()) {
            throw new PlatformException(ErrorCode.SANDBOX_FAILED, "sandbox " + id() + " was " + end.get());
        }
    }
}
