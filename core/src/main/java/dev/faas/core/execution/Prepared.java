package dev.faas.core.execution;

import dev.faas.core.common.ErrorCode;
import dev.faas.core.common.PlatformException;
import dev.faas.core.image.Image;
import dev.faas.core.image.ImageReference;
import dev.faas.core.image.ImageStore.ProgressListener;
import dev.faas.core.sandbox.SandboxDriver;
import org.jspecify.annotations.Nullable;

/// A technology that has the image.
record Prepared(SandboxDriver driver, Image image) {

    /// Makes the image available. Where the caller leaves the choice, a technology that hasn't it gives way to the next that has. May
    /// block for minutes.
    ///
    /// @param candidates best first; not empty
    static Prepared first(Iterable<SandboxDriver> candidates, ImageReference reference) {
        @Nullable PlatformException missing = null;
        for (var driver : candidates) {
            try {
                return new Prepared(driver, driver.requireImage(reference, ProgressListener.SILENT));
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
