package dev.faas.drivers.docker;

import com.github.dockerjava.api.model.Info;
import dev.faas.core.sandbox.DriverStatus;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Asks the engine how it is, at most every few seconds. Thread-safe; blocks for the probe's limit at most.
final class StatusProbe {

    private static final Duration KEPT = Duration.ofSeconds(5);

    private final Engine engine;
    private final DockerDriverConfig config;
    private final AgentProgram agent;
    private final NetworkGuard guard;
    private final DiskQuota quota;
    private final SingleFlight<Answer> asking = new SingleFlight<>();
    private volatile @Nullable Answer newest;

    StatusProbe(Engine engine, DockerDriverConfig config, NetworkGuard guard, DiskQuota quota) {
        this.engine = engine;
        this.config = config;
        this.guard = guard;
        this.quota = quota;
        agent = new AgentProgram(config.agent());
    }

    DriverStatus status() {
        try {
            var info = info();
            var version = engine.apiVersion().getVersion();
            return new EngineStatus(engine.address(), version, info, hasQuota(), networkObstacle()).status(agent);
        } catch (EngineException e) {
            return EngineStatus.unavailable(engine.address(), String.valueOf(e.getMessage()));
        }
    }

    /// What the engine said lately.
    Info info() {
        return answer().info;
    }

    /// Why containers can't be kept from anything on the network; empty if they can.
    Optional<String> networkObstacle() {
        return answer().networkObstacle;
    }

    private Answer answer() {
        var known = newest;
        if (known == null || System.nanoTime() - known.at > KEPT.toNanos()) {
            known = asking.share("asking the engine how it is", this::ask);
        }
        if (known.failure != null) {
            throw known.failure;
        }
        return known;
    }

    boolean hasQuota() {
        return quota.works(info());
    }

    /// Asks anew next time: the engine just failed.
    void forget() {
        newest = null;
        quota.forget();
    }

    private Answer ask() {
        Answer answer;
        try {
            var info = engine.within(config.probeLimit(), "asking the engine how it is", client ->
                    client.infoCmd().exec());
            answer = new Answer(info, guard.obstacle(info), null, System.nanoTime());
        } catch (EngineException e) {
            answer = new Answer(new Info(), Optional.empty(), e, System.nanoTime());
        }
        newest = answer;
        return answer;
    }

    private record Answer(
            Info info, Optional<String> networkObstacle, @Nullable EngineException failure, long at) {}
}
