package dev.faas.core.execution;

import dev.faas.core.common.PlatformException;
import dev.faas.core.common.TimeSource;
import dev.faas.core.execution.ExecutionResult.OutputFile;
import dev.faas.core.image.Image;
import dev.faas.core.sandbox.Command;
import dev.faas.core.sandbox.ProcessExit;
import dev.faas.core.sandbox.Sandbox;
import dev.faas.core.sandbox.SandboxProcess;
import dev.faas.core.sandbox.SandboxProcess.SignalTarget;
import dev.faas.core.sandbox.SandboxStats;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Sees to it that a started process comes to an end, and makes the result of it. The agent enforces the time limit and carries out a kill;
/// should it fail to, the sandbox is given up after a grace time and the result holds what was known then. Thread-safe.
final class ProcessEnding {

    private static final Logger LOG = LoggerFactory.getLogger(ProcessEnding.class);
    private static final int SIGKILL = 9;

    private final EngineParts parts;
    private final ActiveExecution execution;
    private final Live live;
    private final CapturedOutput output;
    private final PhaseClock phases;
    private final AtomicReference<TimeSource.@Nullable Alarm> timeoutAlarm = new AtomicReference<>();
    private final AtomicReference<TimeSource.@Nullable Alarm> killAlarm = new AtomicReference<>();

    ProcessEnding(
            EngineParts parts, ActiveExecution execution, Live live, CapturedOutput output, PhaseClock phases) {
        this.parts = parts;
        this.execution = execution;
        this.live = live;
        this.output = output;
        this.phases = phases;
    }

    /// A process and where it runs.
    ///
    /// @param oomKillsBefore those that were no business of this process
    /// @param giveUp         frees the task that waits for a process nothing ends; may block
    record Live(
            Sandbox sandbox, Image image, SandboxProcess process, Command command, int oomKillsBefore, Runnable giveUp) {}

    /// Starts the watch over the agent's own watch.
    void watchTimeout() {
        var limit = live.command().timeout();
        if (!limit.isZero()) {
            var patience = limit.plus(parts.config().deadlines().killGrace());
            timeoutAlarm.set(parts.time().schedule(patience, () -> giveUp(new Outcome.TimedOut(limit))));
        }
    }

    /// Kills the process with all its descendants; does not wait.
    void kill() {
        var grace = parts.config().deadlines().killGrace();
        killAlarm.set(parts.time().schedule(grace, () -> giveUp(cancelled().orElseThrow())));
        Thread.startVirtualThread(() -> {
            try {
                live.process().signal(SIGKILL, SignalTarget.TREE);
            } catch (PlatformException gone) {
                LOG.debug("nothing to kill in {}: {}", execution.request().id(), gone.getMessage());
            }
        });
    }

    /// The process has ended and all its output is here.
    void ended(ProcessExit exit) {
        phases.processEnded();
        var stats = stats();
        var outcome = outcome(exit, stats);
        var files = collectFiles(outcome, exit);
        finish(outcome, exit, files, stats);
    }

    /// The sandbox broke under the process.
    void lost(String reason) {
        phases.processEnded();
        finish(cancelled().orElseGet(() -> new Outcome.Lost("the sandbox was lost: " + reason)));
    }

    /// Calls off the watches; nothing can be late any more.
    void over() {
        cancel(timeoutAlarm.getAndSet(null));
        cancel(killAlarm.getAndSet(null));
    }

    private static void cancel(TimeSource.@Nullable Alarm alarm) {
        if (alarm != null) {
            alarm.cancel();
        }
    }

    private Outcome outcome(ProcessExit exit, SandboxStats stats) {
        var cancelled = cancelled();
        if (cancelled.isPresent()) {
            return cancelled.get();
        }
        if (exit.timedOut()) {
            return new Outcome.TimedOut(live.command().timeout());
        }
        // A shell outlives its killed child and only its exit code tells; a program that got over a killed helper and ended well was not
        // ended by the kernel.
        boolean isFailure = exit.signaled() ? exit.code() == SIGKILL : exit.code() != 0;
        if (isFailure && stats.oomKills() > live.oomKillsBefore()) {
            return new Outcome.OutOfMemory(execution.request().limits().memory());
        }
        return exit.signaled() ? new Outcome.Signaled(exit.code()) : new Outcome.Exited(exit.code());
    }

    private Optional<Outcome> cancelled() {
        return execution.cancelledBy().map(Outcome.Cancelled::new);
    }

    private SandboxStats stats() {
        try {
            return live.sandbox().stats();
        } catch (PlatformException gone) {
            LOG.debug("no statistics of {}: {}", execution.request().id(), gone.getMessage());
            return SandboxStats.NONE;
        }
    }

    private List<OutputFile> collectFiles(Outcome outcome, ProcessExit exit) {
        var paths = execution.request().outputs();
        if (paths.isEmpty()) {
            return List.of();
        }
        var limit = parts.config().deadlines().collect();
        var alarm = parts.time().schedule(limit, () -> {
            finish(outcome, exit, failedFiles("not read within " + limit.toMillis() + " ms"), SandboxStats.NONE);
            abandon();
        });
        try {
            return parts.exchange().collect(live.sandbox(), paths, live.command().user());
        } finally {
            alarm.cancel();
        }
    }

    private void giveUp(Outcome outcome) {
        LOG.warn("execution {} did not end when told to; its sandbox is given up", execution.request().id());
        finish(outcome);
        abandon();
    }

    private void abandon() {
        Thread.startVirtualThread(() -> {
            try {
                live.giveUp().run();
            } catch (RuntimeException failure) {
                LOG.error("the sandbox of {} could not be given up", execution.request().id(), failure);
            }
        });
    }

    private List<OutputFile> failedFiles(String reason) {
        return execution.request().outputs().stream()
                .map(path -> SandboxExchange.failed(path, reason))
                .toList();
    }

    /// Without an exit report: what is unknown is zero.
    private void finish(Outcome outcome) {
        var noExit = new ProcessExit(
                false, 0, false, false, false, false, Duration.ZERO, Duration.ZERO, Duration.ZERO, 0, 0, 0);
        finish(outcome, noExit, failedFiles("the sandbox was lost"), SandboxStats.NONE);
    }

    private void finish(Outcome outcome, ProcessExit exit, List<OutputFile> files, SandboxStats stats) {
        var out = output.stdout();
        var err = output.stderr();
        var stdout = out.seal();
        var stderr = err.seal();
        boolean isTruncated =
                exit.stdoutTruncated() || exit.stderrTruncated() || out.isTruncated() || err.isTruncated();
        var result = new ExecutionResult(
                outcome,
                stdout,
                stderr,
                Math.max(exit.stdoutBytes(), out.seen()),
                Math.max(exit.stderrBytes(), err.seen()),
                isTruncated,
                files,
                live.sandbox().isolation(),
                live.image().digest(),
                live.sandbox().origin(),
                phases.phases(),
                exit.userTime(),
                exit.systemTime(),
                stats.memoryPeakBytes() > 0 ? stats.memoryPeakBytes() : exit.maxResidentBytes());
        if (execution.finish(result, parts.now())) {
            parts.observer().finished(execution.executionRecord());
        }
    }
}
