package dev.faas.core.instance;

import dev.faas.core.common.ErrorCode;
import dev.faas.core.common.PlatformException;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;

/// How many instances may live. Thread-safe.
final class LivingPlaces {

    private static final Duration HINT = Duration.ofSeconds(5);

    private final int most;
    private final int mostPerTenant;
    private final ReentrantLock placesLock = new ReentrantLock();
    private final Map<String, Integer> byTenant = new HashMap<>();
    private int taken;
    private boolean isShut;

    LivingPlaces(int most, int mostPerTenant) {
        this.most = most;
        this.mostPerTenant = mostPerTenant;
    }

    /// @throws PlatformException `CAPACITY_EXHAUSTED` or `SHUTTING_DOWN`
    void take(String tenant) {
        placesLock.lock();
        try {
            if (isShut) {
                throw new PlatformException(ErrorCode.SHUTTING_DOWN, "the server is shutting down");
            }
            if (taken >= most) {
                throw refusal("this server keeps " + most + " instances at most");
            }
            int own = byTenant.getOrDefault(tenant, 0);
            if (own >= mostPerTenant) {
                throw refusal("a tenant has " + mostPerTenant + " instances here at most");
            }
            taken++;
            byTenant.put(tenant, own + 1);
        } finally {
            placesLock.unlock();
        }
    }

    void giveBack(String tenant) {
        placesLock.lock();
        try {
            taken--;
            byTenant.computeIfPresent(tenant, (_, own) -> own == 1 ? null : own - 1);
        } finally {
            placesLock.unlock();
        }
    }

    int taken() {
        placesLock.lock();
        try {
            return taken;
        } finally {
            placesLock.unlock();
        }
    }

    /// Nobody gets a place any more.
    void shut() {
        placesLock.lock();
        try {
            isShut = true;
        } finally {
            placesLock.unlock();
        }
    }

    private static PlatformException refusal(String reason) {
        return PlatformException.retryLater(
                ErrorCode.CAPACITY_EXHAUSTED, reason + "; delete one that isn't needed any more, or try again later", HINT);
    }
}
