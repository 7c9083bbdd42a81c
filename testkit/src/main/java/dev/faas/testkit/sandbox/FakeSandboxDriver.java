package dev.faas.testkit.sandbox;

import dev.faas.core.common.ErrorCode;
import dev.faas.core.common.PlatformException;
import dev.faas.core.common.TimeSource;
import dev.faas.core.image.Image;
import dev.faas.core.image.ImageReference;
import dev.faas.core.image.ImageStore.ProgressListener;
import dev.faas.core.sandbox.DriverStatus;
import dev.faas.core.sandbox.DriverStatus.Capability;
import dev.faas.core.sandbox.Isolation;
import dev.faas.core.sandbox.SandboxDriver;
import dev.faas.core.sandbox.SandboxSpec;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/// Sandboxes in memory that run a few programs, and whatever programs a test brings along. Where a real technology takes time or fails, a
/// test can step in. Thread-safe.
public final class FakeSandboxDriver implements SandboxDriver {

    private static final String DIGEST = "sha256:" + "0".repeat(64);

    private final Isolation isolation;
    private final TimeSource time;
    private final Map<String, Image> images = new ConcurrentHashMap<>();
    private final Map<String, FakeProgram> programs = new ConcurrentHashMap<>(FakeShell.PROGRAMS);
    private final Map<String, FakeSandbox> alive = new ConcurrentHashMap<>();
    private final AtomicInteger created = new AtomicInteger();
    private final AtomicInteger mostAlive = new AtomicInteger();
    private volatile DriverStatus status =
            new DriverStatus(true, "", EnumSet.allOf(Capability.class), List.of());
    private volatile Consumer<ImageReference> onRequireImage = reference -> {};
    private volatile Consumer<SandboxSpec> onCreate = spec -> {};
    private volatile Consumer<FakeSandbox> onDestroy = sandbox -> {};
    private volatile Consumer<FakeSandbox> onStart = sandbox -> {};
    private volatile long memoryPeak;
    private volatile boolean isControllable = true;
    private volatile Consumer<FakeSandbox> onFreeze = sandbox -> {};
    private volatile long memory;
    private volatile boolean showsLabels;

    /// A driver with one image, `faas/base`.
    public FakeSandboxDriver(Isolation isolation, TimeSource time) {
        this.isolation = isolation;
        this.time = time;
        addImage("faas/base", Image.Config.EMPTY);
    }

    public FakeSandboxDriver addImage(String name, Image.Config config) {
        return addImage(name, DIGEST, config);
    }

    /// The name means this digest from now on.
    public FakeSandboxDriver addImage(String name, String digest, Image.Config config) {
        var reference = ImageReference.of(name);
        images.put(reference.canonical(), new Image(reference, digest, List.of(), config, 0));
        return this;
    }

    public FakeSandboxDriver addProgram(String name, FakeProgram program) {
        programs.put(name, program);
        return this;
    }

    public void setStatus(DriverStatus newStatus) {
        status = newStatus;
    }

    public void setMemoryPeak(long bytes) {
        memoryPeak = bytes;
    }

    /// What each sandbox holds.
    public void setMemory(long bytes) {
        memory = bytes;
    }

    public void setShowsLabels(boolean shows) {
        showsLabels = shows;
    }

    /// Runs at the beginning of each [#requireImage]; may block or throw.
    public void onRequireImage(Consumer<ImageReference> hook) {
        onRequireImage = hook;
    }

    /// Runs at the beginning of each [#create]; may block or throw.
    public void onCreate(Consumer<SandboxSpec> hook) {
        onCreate = hook;
    }

    /// Runs at the beginning of each start of a process; may block or throw.
    public void onStart(Consumer<FakeSandbox> hook) {
        onStart = hook;
    }

    /// Runs at the beginning of each destruction; may block or throw.
    public void onDestroy(Consumer<FakeSandbox> hook) {
        onDestroy = hook;
    }

    /// As with a technology that can neither freeze nor change limits.
    public void withoutControl() {
        isControllable = false;
    }

    /// Runs at the beginning of each freezing and thawing; may block or throw.
    public void onFreeze(Consumer<FakeSandbox> hook) {
        onFreeze = hook;
    }

    public Optional<FakeSandbox> sandbox(String id) {
        return Optional.ofNullable(alive.get(id));
    }

    /// Sandboxes made so far.
    public int created() {
        return created.get();
    }

    /// The most that were alive at once.
    public int mostAlive() {
        return mostAlive.get();
    }

    @Override
    public Isolation isolation() {
        return isolation;
    }

    @Override
    public DriverStatus status() {
        return status;
    }

    @Override
    public Image requireImage(ImageReference reference, ProgressListener progress) {
        onRequireImage.accept(reference);
        var image = images.get(reference.canonical());
        if (image == null) {
            throw new PlatformException(
                    ErrorCode.IMAGE_NOT_FOUND, "no image " + reference + "; there are " + images.keySet());
        }
        return image;
    }

    @Override
    public FakeSandbox create(SandboxSpec spec) {
        onCreate.accept(spec);
        if (!status.available()) {
            throw new PlatformException(ErrorCode.RUNTIME_UNAVAILABLE, status.reason());
        }
        var sandbox = new FakeSandbox(spec, requireImage(spec.image(), ProgressListener.SILENT), this, time);
        if (alive.putIfAbsent(spec.id(), sandbox) != null) {
            throw new PlatformException(ErrorCode.CONFLICT, "there is a sandbox " + spec.id() + " already");
        }
        created.incrementAndGet();
        mostAlive.accumulateAndGet(alive.size(), Math::max);
        return sandbox;
    }

    @Override
    public boolean showsLabels() {
        return showsLabels;
    }

    @Override
    public List<String> list() {
        return List.copyOf(alive.keySet());
    }

    @Override
    public void close() {
        alive.values().forEach(FakeSandbox::destroy);
    }

    Optional<FakeProgram> program(String name) {
        return Optional.ofNullable(programs.get(name));
    }

    long memoryPeak() {
        return memoryPeak;
    }

    boolean isControllable() {
        return isControllable;
    }

    void beforeFreeze(FakeSandbox sandbox) {
        onFreeze.accept(sandbox);
    }

    long memory() {
        return memory;
    }

    void beforeStart(FakeSandbox sandbox) {
        onStart.accept(sandbox);
    }

    void beforeDestroy(FakeSandbox sandbox) {
        onDestroy.accept(sandbox);
    }

    void forget(FakeSandbox sandbox) {
        alive.remove(sandbox.id(), sandbox);
    }
}
