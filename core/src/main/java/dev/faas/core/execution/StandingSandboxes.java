package dev.faas.core.execution;

import dev.faas.core.common.ErrorCode;
import dev.faas.core.common.PlatformException;
import dev.faas.core.image.Image;
import dev.faas.core.sandbox.Sandbox;

/// Sandboxes that are there before an execution and stay after it: instances. Thread-safe.
public interface StandingSandboxes {

    /// Where there are none.
    StandingSandboxes NONE = new StandingSandboxes() {
        @Override
        public Image image(String tenant, String id) {
            throw missing(id);
        }

        @Override
        public Stay enter(String tenant, String id) {
            throw missing(id);
        }

        private static PlatformException missing(String id) {
            return new PlatformException(ErrorCode.NOT_FOUND, "there is no instance " + id);
        }
    };

    /// What it runs on. Doesn't wake it.
    ///
    /// @throws PlatformException `NOT_FOUND`, or `CONFLICT` when it has ended
    Image image(String tenant, String id);

    /// Wakes it if it is paused, and keeps it from being paused for idleness until the stay is closed. Blocks until it answers.
    ///
    /// @throws PlatformException `NOT_FOUND`, or `CONFLICT` when it has ended
    Stay enter(String tenant, String id);

    /// Somebody at work in a standing sandbox. Closing it twice does no harm.
    interface Stay extends AutoCloseable {

        /// Not the guest's to destroy.
        Sandbox sandbox();

        @Override
        void close();
    }
}
