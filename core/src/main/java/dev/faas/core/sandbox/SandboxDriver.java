package dev.faas.core.sandbox;

import dev.faas.core.image.Image;
import dev.faas.core.image.ImageReference;
import dev.faas.core.image.ImageStore.ProgressListener;
import java.util.List;

/// A technology that makes sandboxes. Thread-safe.
///
/// A failing *command* is data ([ProcessExit]); a failing *platform* is a
/// [dev.faas.core.common.PlatformException]. Up to the start of a process a failure leaves nothing behind and may be retried.
public interface SandboxDriver extends AutoCloseable {

    Isolation isolation();

    /// What this technology offers here and now, found out by trying; cached for a few seconds.
    DriverStatus status();

    /// Makes the image usable by this technology; see [dev.faas.core.image.ImageStore#require].
    Image requireImage(ImageReference reference, ProgressListener progress);

    /// Makes a sandbox. Blocks until its agent can be asked, which may still have to come up: it answers the first question then. The
    /// caller owns the sandbox and destroys it.
    ///
    /// @throws dev.faas.core.common.PlatformException `IMAGE_NOT_FOUND`, `SANDBOX_FAILED`, `CAPACITY_EXHAUSTED`, `RUNTIME_UNAVAILABLE`, …
    Sandbox create(SandboxSpec spec);

    /// Whether [SandboxSpec#labels] can be seen on the sandbox from outside; if not they only matter to who gave them.
    default boolean showsLabels() {
        return false;
    }

    /// Ids of the sandboxes that are alive, whoever made them through this driver instance.
    List<String> list();

    /// Destroys every sandbox of this instance, then releases the technology. Nothing is left behind.
    @Override
    void close();
}
