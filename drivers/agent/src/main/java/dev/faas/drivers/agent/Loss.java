package dev.faas.drivers.agent;

import dev.faas.core.common.ErrorCode;
import dev.faas.core.common.PlatformException;
import org.jspecify.annotations.Nullable;

/// Why a connection is of no use any more. An exception is made only for those who ask: every sandbox ends with a loss, and hardly
/// anybody asks about it.
record Loss(String reason, @Nullable Throwable cause) {

    PlatformException exception() {
        return new PlatformException(ErrorCode.SANDBOX_FAILED, reason, cause);
    }
}
