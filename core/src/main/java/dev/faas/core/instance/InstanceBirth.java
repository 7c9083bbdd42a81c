package dev.faas.core.instance;

import dev.faas.core.common.ErrorCode;
import dev.faas.core.common.PlatformException;
import dev.faas.core.execution.Placement;
import dev.faas.core.execution.SandboxWish;
import dev.faas.core.image.ImageStore.ProgressListener;
import dev.faas.core.sandbox.DriverStatus.Capability;
import dev.faas.core.sandbox.Sandbox;
import dev.faas.core.sandbox.SandboxDriver;
import dev.faas.core.sandbox.SandboxSpec;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Makes the sandbox of an instance.
final class InstanceBirth {

    private static final int MAX_HOSTNAME = 63;

    private final Placement placement;

    InstanceBirth(Placement placement) {
        this.placement = placement;
    }

    /// @throws PlatformException `RUNTIME_UNAVAILABLE` with each reason
    Iterable<SandboxDriver> candidates(InstanceSpec spec) {
        return placement.candidates(
                new SandboxWish(spec.isolation(), spec.limits(), spec.network(), Set.of(Capability.FILES)));
    }

    /// Where the caller leaves the choice, a technology that hasn't the image gives way to the next that has.
    Sandbox make(String id, InstanceSpec spec, Iterable<SandboxDriver> candidates) {
        var driver = driverWithImage(spec, candidates);
        var hostname = (spec.name().isEmpty() ? id : spec.name()).replace('_', '-').replace('.', '-');
        var sandbox = driver.create(new SandboxSpec(
                id,
                spec.image(),
                spec.limits(),
                spec.network(),
                false,
                hostname.length() > MAX_HOSTNAME ? hostname.substring(0, MAX_HOSTNAME) : hostname,
                spec.labels()));
        if (spec.lifetime().autoPause() && sandbox.control().isEmpty()) {
            sandbox.destroy();
            throw new PlatformException(
                    ErrorCode.NOT_IMPLEMENTED,
                    "runtime " + sandbox.isolation().wire() + " can't pause here, so auto_pause has no meaning; leave it out");
        }
        return sandbox;
    }

    private static SandboxDriver driverWithImage(InstanceSpec spec, Iterable<SandboxDriver> candidates) {
        @Nullable PlatformException missing = null;
        for (var driver : candidates) {
            try {
                driver.requireImage(spec.image(), ProgressListener.SILENT);
                return driver;
            } catch (PlatformException failure) {
                if (failure.code() != ErrorCode.IMAGE_NOT_FOUND) {
                    throw failure;
                }
                missing = missing == null ? failure : missing;
            }
        }
        throw missing == null ? new IllegalStateException("there is always a candidate") : missing;
    }
}
