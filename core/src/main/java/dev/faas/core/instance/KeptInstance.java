package dev.faas.core.instance;

import dev.faas.core.common.ErrorCode;
import dev.faas.core.common.PlatformException;
import dev.faas.core.sandbox.SandboxControl;

/// An instance of this server with its alarms.
record KeptInstance(LiveInstance live, Lifespan lifespan) {

    String tenant() {
        return live.instance().tenant();
    }

    void leftAlone() {
        lifespan.leftAlone(live.instance().lifetime().idleTtl());
    }

    /// @throws PlatformException `NOT_IMPLEMENTED` where the technology has none
    SandboxControl control(String purpose) {
        var sandbox = live.sandbox();
        return sandbox.control().orElseThrow(() -> new PlatformException(
                ErrorCode.NOT_IMPLEMENTED,
                "runtime " + sandbox.isolation().wire() + " can't " + purpose + " here; use the native runtime"));
    }
}
