package dev.faas.drivers.linux;

import dev.faas.core.common.ErrorCode;
import dev.faas.core.common.PlatformException;
import dev.faas.core.sandbox.Limits;
import dev.faas.core.sandbox.SandboxControl;
import dev.faas.drivers.agent.wire.ControlMessage;

/// What the spawner does to one living sandbox through its control groups. Thread-safe.
final class NativeControl implements SandboxControl {

    private final String id;
    private final Spawner spawner;

    NativeControl(String id, Spawner spawner) {
        this.id = id;
        this.spawner = spawner;
    }

    @Override
    public void freeze() {
        ofALivingOne(() -> spawner.freeze(id));
    }

    @Override
    public void thaw() {
        ofALivingOne(() -> spawner.thaw(id));
    }

    @Override
    public void limit(Limits limits) {
        var wanted = new ControlMessage.Limit(id, limits.memory().bytes(), limits.cpuMillis(), limits.processes());
        ofALivingOne(() -> spawner.limit(wanted));
    }

    private void ofALivingOne(Runnable action) {
        try {
            action.run();
        } catch (PlatformException e) {
            if (e.code() == ErrorCode.NOT_FOUND || !spawner.isAlive()) {
                throw new PlatformException(ErrorCode.SANDBOX_FAILED, "sandbox " + id + " is gone", e);
            }
            throw e;
        }
    }
}
