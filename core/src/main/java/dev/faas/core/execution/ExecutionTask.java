package dev.faas.core.execution;

import dev.faas.core.capacity.Capacity;
import dev.faas.core.common.ErrorCode;
import dev.faas.core.common.PlatformException;
import dev.faas.core.image.Image;
import dev.faas.core.pool.SandboxOrder;
import dev.faas.core.sandbox.Command;
import dev.faas.core.sandbox.Network;
import dev.faas.core.sandbox.Origin;
import dev.faas.core.sandbox.Sandbox;
import dev.faas.core.sandbox.SandboxDriver;
import dev.faas.core.sandbox.SandboxProcess;
import dev.faas.core.sandbox.SandboxSpec;
import java.io.IOException;
import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Takes one execution from its place in the queue to the end of its sandbox, on a thread of its own. An execution may end earlier than its
/// task, by a deadline or because somebody cancelled it: the task then only clears up. It holds the place until the sandbox is gone.
final class ExecutionTask implements Runnable {

    private static final Logger LOG = LoggerFactory.getLogger(ExecutionTask.class);
    private static final int MAX_HOSTNAME = 63;

    private final EngineParts parts;
    private final ActiveExecution execution;
    private final ExecutionRequest request;
    private final SandboxPolicy policy;
    private final Iterable<SandboxDriver> candidates;
    private final Capacity.Place place;
    private final ExecutionListener listener;
    private final CapturedOutput output;
    private final PhaseClock phases;
    private @Nullable Sandbox sandbox;
    private int oomKillsBefore;
    private boolean isStartTried;

    ExecutionTask(EngineParts parts, ActiveExecution execution, Plan plan, ExecutionListener listener) {
        this.parts = parts;
        this.execution = execution;
        this.listener = listener;
        request = execution.request();
        policy = plan.policy();
        candidates = plan.candidates();
        place = plan.place();
        output = plan.output();
        phases = plan.phases();
    }

    /// What was decided when the execution was accepted.
    record Plan(
            SandboxPolicy policy,
            Iterable<SandboxDriver> candidates,
            Capacity.Place place,
            CapturedOutput output,
            PhaseClock phases) {}

    @Override
    public void run() {
        try {
            runStages();
        } catch (PlatformException failure) {
            fail(failure);
        } catch (InterruptedException interrupted) {
            fail(new PlatformException(ErrorCode.INTERNAL, "the execution's thread was interrupted", interrupted));
        } catch (RuntimeException | Error unexpected) {
            // Even an error that is no exception: its caller would wait for ever.
            LOG.error("execution {} failed unexpectedly", request.id(), unexpected);
            fail(new PlatformException(ErrorCode.INTERNAL, "the engine failed: " + unexpected, unexpected));
        } finally {
            clearUp();
        }
    }

    private void runStages() throws InterruptedException {
        if (!place.await()) {
            return;
        }
        phases.placeTaken();
        var deadlines = parts.config().deadlines();
        var prepared = within(deadlines.image(), "its image was not available", this::prepareImage);
        phases.imageReady();
        if (execution.hasEnded()) {
            return;
        }
        var command = CommandDefaults.complete(request, prepared.image().config());
        var process = within(deadlines.start(), "its sandbox did not start", () -> startProcess(prepared, command));
        if (process != null) {
            try (process) {
                follow(process, prepared.image(), command);
            }
        }
    }

    /// Ends the execution if the stage takes too long. The stage itself goes on: what a driver does can't be interrupted without harm to
    /// others that share its connection.
    private <T extends @Nullable Object> T within(Duration limit, String what, Stage<T> stage) {
        var code = ErrorCode.DEADLINE_EXCEEDED;
        var message = what + " within " + limit.toMillis() + " ms";
        var alarm = parts.time().schedule(limit, () -> fail(new PlatformException(code, message)));
        try {
            return stage.run();
        } finally {
            alarm.cancel();
        }
    }

    private Prepared prepareImage() {
        var decided = policy.image();
        return decided.isPresent()
                ? new Prepared(candidates.iterator().next(), decided.get())
                : Prepared.first(candidates, request.image());
    }

    /// @return nothing if the execution has ended meanwhile
    private @Nullable SandboxProcess startProcess(Prepared prepared, Command command) {
        var order = new SandboxOrder(prepared.driver(), prepared.image(), spec(), request.tenant());
        var acquired = policy.acquire(order);
        sandbox = acquired;
        try {
            return startProcess(acquired, command);
        } catch (PlatformException failure) {
            if (!isReplaceable(acquired)) {
                throw failure;
            }
            LOG.warn("the pooled sandbox of {} was broken: {}", request.id(), failure.getMessage());
            return startAnew(acquired, order, command);
        }
    }

    private @Nullable SandboxProcess startProcess(Sandbox acquired, Command command) {
        if (execution.hasEnded()) {
            return null;
        }
        oomKillsBefore = policy.isKept() ? acquired.stats().oomKills() : 0;
        parts.exchange().place(acquired, request.files(), command.user());
        if (execution.hasEnded()) {
            return null;
        }
        isStartTried = true;
        var process = acquired.start(command, request.stdin());
        phases.processStarted(process.startNanos());
        return process;
    }

    /// Whether it broke while it waited in its pool, so that nobody need know. A command that may have begun and could reach the outside is
    /// not begun again.
    private boolean isReplaceable(Sandbox acquired) {
        boolean isUnseen = !isStartTried || request.network() instanceof Network.None;
        return acquired.origin() == Origin.POOLED && !acquired.isAlive() && isUnseen && !policy.isKept();
    }

    private @Nullable SandboxProcess startAnew(Sandbox broken, SandboxOrder order, Command command) {
        release(broken);
        sandbox = null;
        var made = policy.replace(order);
        sandbox = made;
        return startProcess(made, command);
    }

    private SandboxSpec spec() {
        var hostname = request.id().replace('_', '-');
        return new SandboxSpec(
                request.id(),
                request.image(),
                request.limits(),
                request.network(),
                false,
                hostname.length() > MAX_HOSTNAME ? hostname.substring(0, MAX_HOSTNAME) : hostname,
                request.labels());
    }

    private void follow(SandboxProcess process, Image image, Command command) throws InterruptedException {
        var task = Thread.currentThread();
        var where = Objects.requireNonNull(sandbox);
        var live = new ProcessEnding.Live(
                where, image, process, command, oomKillsBefore, () -> policy.giveUp(where, process, task));
        var ending = new ProcessEnding(parts, execution, live, output, phases);
        if (!execution.begin(parts.now(), ending::kill)) {
            return;
        }
        parts.observer().started(execution.executionRecord());
        ending.watchTimeout();
        var run = new ProcessRun(process, output, listener, this::cancelForListener);
        run.tellStarted(request.id());
        try {
            ending.ended(run.toEnd());
        } catch (IOException | PlatformException lost) {
            ending.lost(String.valueOf(lost.getMessage()));
        } finally {
            ending.over();
        }
    }

    private void cancelForListener(RuntimeException failure) {
        LOG.debug("the listener of {} failed", request.id(), failure);
        execution.cancel("its caller, who stopped listening: " + failure.getMessage(), parts.now());
    }

    private void fail(PlatformException failure) {
        if (execution.fail(failure, parts.now())) {
            parts.observer().finished(execution.executionRecord());
        }
    }

    private void clearUp() {
        var made = sandbox;
        if (made != null) {
            release(made);
        }
        place.release();
    }

    private void release(Sandbox made) {
        long begin = parts.time().nanoTime();
        try {
            policy.release(made);
            if (!policy.isKept()) {
                parts.observer().sandboxDestroyed(
                        made.isolation(), Duration.ofNanos(parts.time().nanoTime() - begin));
            }
        } catch (RuntimeException failure) {
            LOG.error("the sandbox of {} could not be destroyed", request.id(), failure);
        }
    }

    @FunctionalInterface
    private interface Stage<T extends @Nullable Object> {
        T run();
    }
}
