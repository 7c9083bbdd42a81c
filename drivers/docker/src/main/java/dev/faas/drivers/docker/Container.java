package dev.faas.drivers.docker;

import com.github.dockerjava.api.DockerClient;
import dev.faas.core.common.ErrorCode;
import dev.faas.core.common.PlatformException;
import dev.faas.core.sandbox.Limits;
import dev.faas.core.sandbox.SandboxControl;
import dev.faas.core.sandbox.SandboxFiles;
import dev.faas.core.sandbox.SandboxStats;
import dev.faas.drivers.agent.AgentSandbox;
import java.time.Duration;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The engine's side of one sandbox. Thread-safe.
final class Container implements AgentSandbox.Host, SandboxControl {

    private static final Logger LOG = LoggerFactory.getLogger(Container.class);

    /// How long the agent may take to read the last counters before its container goes anyway.
    private static final Duration FINAL_STATS_LIMIT = Duration.ofSeconds(1);

    private static final int BAD_REQUEST = 400;

    private final String id;
    private final int cores;
    private final Engine engine;
    private final Removals removals;
    private volatile SandboxStats last = SandboxStats.NONE;
    private volatile boolean frozen;

    /// @param cores what the engine's machine has
    Container(String id, int cores, Engine engine, Removals removals) {
        this.id = id;
        this.cores = cores;
        this.engine = engine;
        this.removals = removals;
    }

    @Override
    public void freeze() {
        change("freezing the container", client -> client.pauseContainerCmd(id).exec(), true);
        frozen = true;
    }

    @Override
    public void thaw() {
        change("thawing the container", client -> client.unpauseContainerCmd(id).exec(), false);
        frozen = false;
    }

    @Override
    public void limit(Limits limits) {
        try {
            refuseWhatIsInUse(limits);
            // Memory and swap together: no swap beyond the memory.
            engine.ask("changing the limits", client -> client.updateContainerCmd(id)
                    .withMemory(limits.memory().bytes())
                    .withMemorySwap(limits.memory().bytes())
                    .withNanoCPUs(ContainerRecipe.nanoCpus(limits, cores))
                    .withPidsLimit((long) limits.processes())
                    .exec());
        } catch (EngineException e) {
            boolean unfit = e.status() == BAD_REQUEST || String.valueOf(e.getMessage()).contains("memory");
            if (e.isLost() || e.isNotFound() || e.isConflict() || !unfit) {
                throw e.asSandboxFailure();
            }
            throw PlatformException.invalid("limits", "refused by the Docker Engine: " + e.getMessage());
        }
    }

    /// What it used so far.
    SandboxStats read(SandboxFiles files) {
        // Frozen, the agent says nothing.
        var stats = frozen ? EngineCounters.read(engine, id).after(last) : new GuestCounters(files).read();
        last = stats;
        return stats;
    }

    void readLast(SandboxFiles files) {
        try {
            Deadline.call("reading the last counters", FINAL_STATS_LIMIT, () -> read(files));
        } catch (EngineException e) {
            LOG.debug("the last counters of container {} could not be read: {}", id, e.getMessage());
        }
    }

    @Override
    public SandboxStats stats() {
        return last;
    }

    @Override
    public SandboxStats destroy() {
        removals.remove(id);
        return last;
    }

    /// The kernel of cgroup version 2 would kill instead of refusing.
    private void refuseWhatIsInUse(Limits limits) {
        long held = EngineCounters.read(engine, id).heldMemory();
        if (held > limits.memory().bytes()) {
            throw PlatformException.invalid("limits.memory_mb", "the sandbox uses more than that");
        }
    }

    /// An engine refuses to pause what is paused: then it is all right.
    private void change(String doing, Function<DockerClient, Void> step, boolean toFrozen) {
        try {
            engine.ask(doing, step);
        } catch (EngineException e) {
            if (e.isLost() || isFrozen() != toFrozen) {
                throw e.asSandboxFailure();
            }
        }
    }

    private boolean isFrozen() {
        try {
            var state = engine.ask("looking at the container", client ->
                            client.inspectContainerCmd(id).exec())
                    .getState();
            if (!Boolean.TRUE.equals(state.getRunning())) {
                throw new PlatformException(ErrorCode.SANDBOX_FAILED, "the container has ended");
            }
            return Boolean.TRUE.equals(state.getPaused());
        } catch (EngineException e) {
            throw e.asSandboxFailure();
        }
    }
}
