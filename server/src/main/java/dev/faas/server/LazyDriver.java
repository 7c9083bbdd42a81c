package dev.faas.server;

import dev.faas.core.image.Image;
import dev.faas.core.image.ImageReference;
import dev.faas.core.image.ImageStore.ProgressListener;
import dev.faas.core.sandbox.DriverStatus;
import dev.faas.core.sandbox.Isolation;
import dev.faas.core.sandbox.Sandbox;
import dev.faas.core.sandbox.SandboxDriver;
import dev.faas.core.sandbox.SandboxSpec;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// A driver that is started when it is first needed. Loading the classes of the Docker client alone takes longer than a whole run of
/// a native sandbox. Thread-safe.
final class LazyDriver implements SandboxDriver {

    private final Isolation isolation;
    private final Supplier<SandboxDriver> start;
    private final ReentrantLock startLock = new ReentrantLock();
    private volatile @Nullable SandboxDriver driver;

    LazyDriver(Isolation isolation, Supplier<SandboxDriver> start) {
        this.isolation = isolation;
        this.start = start;
    }

    /// The driver, started by whoever comes first; the others wait for that.
    SandboxDriver started() {
        var known = driver;
        if (known != null) {
            return known;
        }
        startLock.lock();
        try {
            var first = driver;
            if (first == null) {
                first = start.get();
                driver = first;
            }
            return first;
        } finally {
            startLock.unlock();
        }
    }

    @Override
    public Isolation isolation() {
        return isolation;
    }

    @Override
    public DriverStatus status() {
        return started().status();
    }

    @Override
    public Image requireImage(ImageReference reference, ProgressListener progress) {
        return started().requireImage(reference, progress);
    }

    @Override
    public Sandbox create(SandboxSpec spec) {
        return started().create(spec);
    }

    @Override
    public boolean showsLabels() {
        return started().showsLabels();
    }

    @Override
    public List<String> list() {
        var known = driver;
        return known == null ? List.of() : known.list();
    }

    @Override
    public void close() {
        startLock.lock();
        try {
            if (driver != null) {
                driver.close();
            }
        } finally {
            startLock.unlock();
        }
    }
}
