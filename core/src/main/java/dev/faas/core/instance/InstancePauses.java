package dev.faas.core.instance;

import static dev.faas.core.instance.InstanceState.CREATING;
import static dev.faas.core.instance.InstanceState.PAUSED;
import static dev.faas.core.instance.InstanceState.PAUSING;
import static dev.faas.core.instance.InstanceState.RESUMING;
import static dev.faas.core.instance.InstanceState.RUNNING;

import dev.faas.core.common.PlatformException;
import java.time.Duration;
import java.util.EnumSet;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Freezes and thaws. Whoever makes the step to the passing state does the work; everybody else waits for it. Thread-safe.
final class InstancePauses {

    private static final Logger LOG = LoggerFactory.getLogger(InstancePauses.class);
    private static final EnumSet<InstanceState> PASSING = EnumSet.of(CREATING, PAUSING, RESUMING);

    private final Duration patience;

    InstancePauses(Duration patience) {
        this.patience = patience;
    }

    /// Paused when it returns. What is at work in it stands still with the rest.
    ///
    /// @throws PlatformException `CONFLICT` when it has ended, `NOT_IMPLEMENTED` where the runtime can't
    void pause(KeptInstance kept, String why) {
        var live = kept.live();
        while (live.awaitPassed(PASSING, patience) != PAUSED) {
            live.requireLiving();
            kept.control("pause");
            if (live.step(RUNNING, PAUSING, why)) {
                freeze(kept, why);
                return;
            }
        }
    }

    /// Pauses it if nobody has been at work in it for its whole patience.
    void pauseIdle(KeptInstance kept) {
        var idle = kept.live().instance().lifetime().idleTtl();
        var why = "nobody used it for " + InstanceWords.of(idle);
        if (!kept.live().beginIdlePause(idle, why)) {
            return;
        }
        try {
            freeze(kept, why);
        } catch (PlatformException failure) {
            LOG.warn("instance {} could not be paused: {}", kept.live().instance().id(), failure.getMessage());
            kept.leftAlone();
        }
    }

    /// Running when it returns.
    void resume(KeptInstance kept) {
        var live = kept.live();
        while (live.awaitPassed(PASSING, patience) != RUNNING) {
            live.requireLiving();
            thawIfPaused(kept);
        }
    }

    /// Goes on with one that is paused; waits for one that is between states.
    void wake(KeptInstance kept) {
        if (kept.live().awaitPassed(PASSING, patience) == PAUSED) {
            thawIfPaused(kept);
        }
    }

    private static void freeze(KeptInstance kept, String why) {
        var live = kept.live();
        boolean isFrozen = false;
        try {
            kept.control("pause").freeze();
            isFrozen = true;
        } finally {
            if (!isFrozen) {
                live.step(PAUSING, RUNNING, "");
            }
        }
        if (!live.step(PAUSING, PAUSED, why)) {
            live.requireLiving();
        }
    }

    private static void thawIfPaused(KeptInstance kept) {
        var live = kept.live();
        var why = live.instance().reason();
        if (!live.step(PAUSED, RESUMING, "")) {
            return;
        }
        boolean isThawed = false;
        try {
            kept.control("resume").thaw();
            isThawed = true;
        } finally {
            if (!isThawed) {
                live.step(RESUMING, PAUSED, why);
            }
        }
        live.touch();
        live.step(RESUMING, RUNNING, "");
        kept.leftAlone();
    }
}
