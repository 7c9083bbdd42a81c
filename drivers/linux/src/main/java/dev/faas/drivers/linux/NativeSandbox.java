package dev.faas.drivers.linux;

import dev.faas.core.common.ErrorCode;
import dev.faas.core.common.PlatformException;
import dev.faas.core.image.ImageStore.ImageLease;
import dev.faas.core.sandbox.SandboxControl;
import dev.faas.core.sandbox.SandboxStats;
import dev.faas.drivers.agent.AgentSandbox;
import dev.faas.drivers.agent.FrameConnection;
import dev.faas.drivers.agent.wire.SpawnerMessage;
import dev.faas.drivers.agent.wire.SpawnerMessage.Stats;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;

/// The host's side of one sandbox: its part in the spawner, and the lease on its image. Thread-safe.
final class NativeSandbox implements AgentSandbox.Host, FrameConnection.Listener {

    /// The spawner's word on how an agent died comes within this time of its connection's end, or never.
    private static final long DEATH_NOTICE_SECONDS = 2;

    private final String id;
    private final Spawner spawner;
    private final ImageLease lease;
    private final Consumer<NativeSandbox> forget;
    /// Set once, when the sandbox is made.
    private volatile Optional<SandboxControl> control = Optional.empty();
    private final CompletableFuture<Death> death = new CompletableFuture<>();

    NativeSandbox(String id, Spawner spawner, ImageLease lease, Consumer<NativeSandbox> forget) {
        this.id = id;
        this.spawner = spawner;
        this.lease = lease;
        this.forget = forget;
    }

    /// Without control groups nothing can be done to it from outside.
    void made(SpawnerMessage.Created created) {
        if (!created.cgroup().isEmpty()) {
            control = Optional.of(new NativeControl(id, spawner));
        }
    }

    @Override
    public Optional<SandboxControl> control() {
        return control;
    }

    /// The spawner says that the sandbox is gone, and has cleaned up. (What an agent itself claims to have died is
    /// ignored.)
    void gone(SpawnerMessage.Died died) {
        var how = died.kind() == 0 ? "ended with code " : "was killed by signal ";
        var oom = died.stats().oomKills() > 0 ? "; the memory limit was reached" : "";
        end(new Death("its first process " + how + died.code() + oom, stats(died.stats())));
    }

    /// The spawner itself is gone.
    void orphaned(String reason) {
        end(new Death(reason, SandboxStats.NONE));
    }

    String id() {
        return id;
    }

    /// Released first: whoever learns of the death finds the sandbox forgotten.
    private void end(Death how) {
        release();
        death.complete(how);
    }

    private void release() {
        lease.close();
        forget.accept(this);
    }

    /// The spawner knows how the agent died; its word may come a moment later than the end of the agent's connection.
    @Override
    public void ended(FrameConnection connection, String reason) {
        Thread.ofVirtual().name("faas-lost-" + id).start(() -> {
            var words = reason;
            try {
                words = "the sandbox was lost: "
                        + death.get(DEATH_NOTICE_SECONDS, TimeUnit.SECONDS).reason();
            } catch (TimeoutException | ExecutionException | InterruptedException e) {
                // Then the connection's own words have to do.
            }
            connection.abandon(words);
        });
    }

    @Override
    public SandboxStats stats() {
        var dead = death.getNow(null);
        return dead != null ? dead.stats() : stats(spawner.stats(id));
    }

    @Override
    public SandboxStats destroy() {
        var dead = death.getNow(null);
        if (dead != null) {
            return dead.stats();
        }
        try {
            return stats(spawner.destroy(id));
        } catch (PlatformException e) {
            return whatTheDeadUsed(e);
        } finally {
            release();
        }
    }

    /// A sandbox that died while it was being destroyed is gone all the same; the word on how may be on its way.
    private SandboxStats whatTheDeadUsed(PlatformException failure) {
        if (failure.code() != ErrorCode.NOT_FOUND && spawner.isAlive()) {
            throw failure;
        }
        return death.completeOnTimeout(Death.UNHEARD, DEATH_NOTICE_SECONDS, TimeUnit.SECONDS)
                .join()
                .stats();
    }

    private static SandboxStats stats(Stats stats) {
        return new SandboxStats(
                Duration.ofNanos(stats.cpuNs()),
                stats.memoryPeakBytes(),
                stats.memoryBytes(),
                (int) stats.oomKills(),
                (int) stats.processes(),
                stats.netRxBytes(),
                stats.netTxBytes());
    }

    private record Death(String reason, SandboxStats stats) {

        static final Death UNHEARD = new Death("it is gone", SandboxStats.NONE);
    }
}
