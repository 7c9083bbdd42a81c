package dev.faas.gateway.metrics;

import dev.faas.core.common.ErrorCode;
import dev.faas.core.execution.ExecutionObserver;
import dev.faas.core.execution.ExecutionRecord;
import dev.faas.core.execution.ExecutionRequest;
import dev.faas.core.execution.ExecutionResult;
import dev.faas.core.execution.ExecutionState;
import dev.faas.core.sandbox.Isolation;
import dev.faas.core.sandbox.Origin;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/// Counts what the engine does: the `faas_*` series, and the tallies behind `/api/v1/metrics`. Thread-safe.
public final class ExecutionMetrics implements ExecutionObserver {

    /// So many image names get a series of their own; callers choose names, and every name is a series for ever.
    private static final int MAX_IMAGES = 100;

    private static final String OTHER_IMAGE = "other";
    private static final String NO_RUNTIME = "none";

    private final MeterRegistry registry;
    private final Tally tally = new Tally();
    private final Map<String, String> images = new ConcurrentHashMap<>();
    private final Map<Series, Counter> executions = new ConcurrentHashMap<>();
    private final Map<String, RuntimeMeters> runtimes = new ConcurrentHashMap<>();
    private final Map<String, Counter> errors = new ConcurrentHashMap<>();
    private final Counter timeouts;
    private final Counter creationFailures;
    private final Timer queueTime;
    private final Timer journalTime;
    private final Counter journalRecords;
    private final Counter journalFailures;

    public ExecutionMetrics(MeterRegistry registry) {
        this.registry = registry;
        this.timeouts = registry.counter("faas.timeouts");
        this.creationFailures = registry.counter("faas.container.creation.failures");
        this.queueTime = timer("faas.queue.duration", "Waiting for a place", NO_RUNTIME);
        this.journalTime = registry.timer("faas.journal.write.duration");
        this.journalRecords = registry.counter("faas.journal.records");
        this.journalFailures = registry.counter("faas.journal.failures");
    }

    public Tally tally() {
        return tally;
    }

    @Override
    public void accepted(ExecutionRequest request) {
        tally.accepted();
    }

    @Override
    public void refused(ExecutionRequest request, ErrorCode reason) {
        error(reason.wire());
    }

    @Override
    public void finished(ExecutionRecord execution) {
        var runtime =
                execution.result().map(result -> result.isolation().wire()).orElse(NO_RUNTIME);
        var series = new Series(execution.state().wire(), runtime, imageLabel(execution.image()));
        executions.computeIfAbsent(series, this::executionCounter).increment();
        if (execution.state() == ExecutionState.TIMED_OUT) {
            timeouts.increment();
        }
        if (!execution.errorCode().isEmpty()) {
            error(execution.errorCode());
        }
        if (execution.errorCode().equals(ErrorCode.SANDBOX_FAILED.wire())) {
            creationFailures.increment();
        }
        tally.finished(execution);
        // What another execution's run cost is counted there.
        execution.result().filter(result -> result.origin() != Origin.NONE).ifPresent(result -> measured(runtime, result));
    }

    @Override
    public void sandboxDestroyed(Isolation isolation, Duration took) {
        meters(isolation.wire()).destroy().record(took);
    }

    @Override
    public void journalWritten(int records, Duration took) {
        journalTime.record(took);
        journalRecords.increment(records);
    }

    @Override
    public void journalFailed(ErrorCode reason, int records, boolean isDropped) {
        journalFailures.increment();
    }

    private void measured(String runtime, ExecutionResult result) {
        var meters = meters(runtime);
        var phases = result.phases();
        queueTime.record(phases.queue());
        meters.total().record(phases.total());
        meters.run().record(phases.run());
        meters.start().record(phases.start());
        meters.memory().record(result.peakMemoryBytes());
        meters.cpu().record(result.userTime().plus(result.systemTime()));
        if (result.origin() != Origin.POOLED) {
            meters.coldStarts().increment();
        }
        registry.counter("faas.sandbox.starts", "runtime", runtime, "origin", result.origin().wire())
                .increment();
    }

    private void error(String code) {
        errors.computeIfAbsent(code, found -> registry.counter("faas.errors", "code", found))
                .increment();
    }

    private String imageLabel(String image) {
        var known = images.get(image);
        if (known != null) {
            return known;
        }
        if (images.size() >= MAX_IMAGES) {
            return OTHER_IMAGE;
        }
        images.put(image, image);
        return image;
    }

    private Counter executionCounter(Series series) {
        return registry.counter(
                "faas.executions", "status", series.status(), "runtime", series.runtime(), "image", series.image());
    }

    private RuntimeMeters meters(String runtime) {
        return runtimes.computeIfAbsent(
                runtime,
                found -> new RuntimeMeters(
                        timer("faas.execution.duration", "From acceptance to the answer", found),
                        timer("faas.invoke.duration", "The command", found),
                        timer("faas.init.duration", "Making the sandbox", found),
                        timer("faas.sandbox.destroy.duration", "Removing the sandbox", found),
                        timer("faas.cpu.usage", "CPU time of an execution", found),
                        DistributionSummary.builder("faas.mem.usage")
                                .baseUnit("bytes")
                                .description("Peak memory of an execution")
                                .tag("runtime", found)
                                .register(registry),
                        registry.counter("faas.coldstarts", "runtime", found)));
    }

    private Timer timer(String name, String description, String runtime) {
        var timer = Timer.builder(name).description(description).publishPercentileHistogram();
        return (runtime.equals(NO_RUNTIME) ? timer : timer.tag("runtime", runtime)).register(registry);
    }

    private record Series(String status, String runtime, String image) {}

    private record RuntimeMeters(
            Timer total,
            Timer run,
            Timer start,
            Timer destroy,
            Timer cpu,
            DistributionSummary memory,
            Counter coldStarts) {}
}
