package dev.faas.gateway.route;

import dev.faas.core.common.PlatformException;
import dev.faas.core.execution.ExecutionMode;
import dev.faas.core.execution.ExecutionRecord;
import dev.faas.core.execution.ExecutionRequest;
import dev.faas.core.instance.InstanceKeeper;
import dev.faas.core.instance.InstanceSpec;
import dev.faas.core.instance.Lifetime;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Gives commands of mode persistent their instance: the one they name, or a new one. Other modes pass through. Thread-safe.
public final class PersistentMode {

    private static final Logger LOG = LoggerFactory.getLogger(PersistentMode.class);

    private final InstanceKeeper instances;

    public PersistentMode(InstanceKeeper instances) {
        this.instances = instances;
    }

    /// The request as it is run; its instance runs.
    ExecutionRequest housed(ExecutionRequest request) {
        if (request.mode() != ExecutionMode.PERSISTENT) {
            return request;
        }
        return instances.housed(request.instance().isEmpty() ? in(create(request), request) : request);
    }

    /// An instance that was made for a command nobody ever ran is taken back: its caller would never learn of it.
    ExecutionRecord run(ExecutionRequest request, Run run) throws InterruptedException {
        var housed = housed(request);
        try {
            return run.run(housed);
        } catch (PlatformException failure) {
            if (request.instance().isEmpty() && !housed.instance().isEmpty()) {
                takeBack(housed);
            }
            throw failure;
        }
    }

    private String create(ExecutionRequest request) {
        var spec = new InstanceSpec(
                "",
                request.image(),
                request.isolation(),
                request.limits(),
                request.network(),
                Map.of(),
                request.labels(),
                Lifetime.UNLIMITED);
        return instances.create(request.tenant(), spec).id();
    }

    private void takeBack(ExecutionRequest housed) {
        try {
            instances.delete(housed.tenant(), housed.instance(), "the failure of its first command");
        } catch (PlatformException failure) {
            LOG.warn("instance {} stays after its command failed: {}", housed.instance(), failure.getMessage());
        }
    }

    private static ExecutionRequest in(String instance, ExecutionRequest request) {
        return new ExecutionRequest(
                request.id(),
                request.tenant(),
                request.mode(),
                request.isolation(),
                request.image(),
                request.command(),
                request.stdin(),
                request.limits(),
                request.network(),
                request.files(),
                request.outputs(),
                request.labels(),
                request.traceParent(),
                instance,
                request.cache());
    }

    @FunctionalInterface
    interface Run {
        ExecutionRecord run(ExecutionRequest housed) throws InterruptedException;
    }
}
