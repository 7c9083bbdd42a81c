package dev.faas.server;

import dev.faas.core.common.ErrorCode;
import dev.faas.core.common.PlatformException;
import dev.faas.core.image.Image;
import dev.faas.core.image.ImageReference;
import dev.faas.core.image.ImageStore.ProgressListener;
import dev.faas.core.sandbox.DriverStatus;
import dev.faas.core.sandbox.Isolation;
import dev.faas.core.sandbox.Sandbox;
import dev.faas.core.sandbox.SandboxDriver;
import dev.faas.core.sandbox.SandboxSpec;
import java.util.List;

/// Stands where a technology could not be started, and says why to everybody who asks. Immutable.
record AbsentDriver(Isolation isolation, DriverStatus status) implements SandboxDriver {

    AbsentDriver(Isolation isolation, String reason, String fix) {
        this(isolation, DriverStatus.unavailable(reason, fix));
    }

    @Override
    public Image requireImage(ImageReference reference, ProgressListener progress) {
        throw refusal();
    }

    @Override
    public Sandbox create(SandboxSpec spec) {
        throw refusal();
    }

    private PlatformException refusal() {
        return new PlatformException(ErrorCode.RUNTIME_UNAVAILABLE, isolation.wire() + ": " + status.reason());
    }

    @Override
    public List<String> list() {
        return List.of();
    }

    @Override
    public void close() {}
}
