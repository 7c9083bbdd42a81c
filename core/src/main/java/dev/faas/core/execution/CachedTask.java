package dev.faas.core.execution;

import dev.faas.core.common.ErrorCode;
import dev.faas.core.common.PlatformException;
import dev.faas.core.execution.ExecutionResult.Phases;
import dev.faas.core.execution.SharedRun.Ending;
import dev.faas.core.sandbox.SandboxDriver;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Takes one execution in the mode `cached` to its end, on a thread of its own: by a result that is known, or by a run it shares with its
/// equals. It has neither a place nor a sandbox itself.
final class CachedTask implements Runnable {

    private static final Logger LOG = LoggerFactory.getLogger(CachedTask.class);

    private final EngineParts parts;
    private final SharedRuns runs;
    private final ActiveExecution execution;
    private final ExecutionRequest request;
    private final Iterable<SandboxDriver> candidates;
    private final Duration patience;
    private final ExecutionListener listener;
    private final long accepted;
    /// The output is given back when nobody reads it here any more and the record needs it no more.
    private final AtomicInteger users = new AtomicInteger(2);

    private volatile @Nullable SharedRun shared;
    private long imageNanos;
    private boolean hasBegun;
    private int stdoutTold;
    private int stderrTold;

    /// @param candidates best first
    /// @param patience   how long it waits for a place, should it be the one to need it
    CachedTask(
            EngineParts parts,
            SharedRuns runs,
            ActiveExecution execution,
            Iterable<SandboxDriver> candidates,
            Duration patience,
            ExecutionListener listener) {
        this.parts = parts;
        this.runs = runs;
        this.execution = execution;
        this.candidates = candidates;
        this.patience = patience;
        this.listener = listener;
        request = execution.request();
        accepted = parts.time().nanoTime();
    }

    @Override
    public void run() {
        try {
            var digest = imageDigest();
            imageNanos = parts.time().nanoTime() - accepted;
            if (!execution.hasEnded()) {
                share(digest);
            }
        } catch (PlatformException failure) {
            fail(failure);
        } catch (InterruptedException interrupted) {
            fail(new PlatformException(ErrorCode.INTERNAL, "the execution's thread was interrupted", interrupted));
        } catch (RuntimeException | Error unexpected) {
            LOG.error("execution {} failed unexpectedly", request.id(), unexpected);
            fail(new PlatformException(ErrorCode.INTERNAL, "the engine failed: " + unexpected, unexpected));
        } finally {
            release();
        }
    }

    /// To be called once more than by itself: when the record needs the output no longer.
    void release() {
        var held = shared;
        if (users.decrementAndGet() == 0 && held != null) {
            held.release();
        }
    }

    private String imageDigest() {
        var limit = parts.config().deadlines().image();
        var alarm = parts.time()
                .schedule(
                        limit,
                        () -> fail(new PlatformException(
                                ErrorCode.DEADLINE_EXCEEDED,
                                "its image was not available within " + limit.toMillis() + " ms")));
        try {
            return Prepared.first(candidates, request.image()).image().digest();
        } finally {
            alarm.cancel();
        }
    }

    private void share(String digest) throws InterruptedException {
        var lookup = runs.known().lookup(request, digest);
        var seat = runs.enter(execution, lookup, new SharedRuns.Wish(candidates, digest, patience));
        var run = seat.shared();
        shared = run;
        execution.onEarlyEnd(() -> run.leave(execution, parts.now()));
        if (execution.hasEnded()) {
            run.leave(execution, parts.now());
            return;
        }
        var ending = follow(seat);
        if (ending != null) {
            end(ending, seat);
            // Whoever comes after the end begins anew.
            run.leave(execution, parts.now());
        }
    }

    /// @return nothing if the execution has ended before the run
    private @Nullable Ending follow(SharedRuns.Seat seat) throws InterruptedException {
        var run = seat.shared();
        var view = run.await(-1, execution);
        while (!execution.hasEnded()) {
            boolean isToBegin = view.hasStarted() && !hasBegun && seat.use().kind() != CacheUse.Kind.HIT;
            if (isToBegin && !begin(seat)) {
                return null;
            }
            if (hasBegun) {
                tellOutput(run.output());
            }
            if (view.ending() != null) {
                return view.ending();
            }
            view = run.await(view.version(), execution);
        }
        return null;
    }

    private boolean begin(SharedRuns.Seat seat) {
        hasBegun = true;
        execution.use(seat.use());
        if (!execution.begin(parts.now(), () -> abandon(seat.shared()))) {
            return false;
        }
        parts.observer().started(execution.executionRecord());
        tell(() -> listener.started(seat.shared().source()));
        return true;
    }

    /// Its caller doesn't want it any more. If others do, the run goes on without it; otherwise it ends with the run.
    private void abandon(SharedRun run) {
        if (run.leave(execution, parts.now())) {
            execution.abandon(parts.now());
            run.grown();
        }
    }

    private void end(Ending ending, SharedRuns.Seat seat) {
        switch (ending) {
            case Ending.Failed(var failure) -> {
                execution.use(seat.use());
                fail(failure);
            }
            case Ending.Known(var source, var result) -> takeOver(new CacheUse(CacheUse.Kind.HIT, source), result);
            case Ending.Ran(var result) -> {
                if (seat.use().kind() == CacheUse.Kind.MISS) {
                    execution.use(seat.use());
                    count(seat.use());
                    finish(result.withPhases(phases(result)));
                } else {
                    takeOver(seat.use(), result);
                }
            }
        }
    }

    private void takeOver(CacheUse use, ExecutionResult result) {
        execution.use(use);
        count(use);
        if (!hasBegun) {
            tell(() -> listener.started(""));
            tell(() -> listener.stdout(result.stdout(), 0, result.stdout().length));
            tell(() -> listener.stderr(result.stderr(), 0, result.stderr().length));
        }
        var total = Duration.ofNanos(parts.time().nanoTime() - accepted);
        finish(result.takenOver(
                new Phases(Duration.ZERO, Duration.ofNanos(imageNanos), Duration.ZERO, Duration.ZERO, total)));
    }

    /// The run's, with what came before it.
    private Phases phases(ExecutionResult result) {
        var run = result.phases();
        return new Phases(
                run.queue(),
                run.image().plusNanos(imageNanos),
                run.start(),
                run.run(),
                Duration.ofNanos(parts.time().nanoTime() - accepted));
    }

    private void count(CacheUse use) {
        var run = shared;
        if (run != null) {
            run.lookup().used(use.kind());
        }
    }

    private void finish(ExecutionResult result) {
        boolean isLate = execution.cancelledBy().isPresent() && !(result.outcome() instanceof Outcome.Cancelled);
        boolean isEnd = isLate ? execution.abandon(parts.now()) : execution.finish(result, parts.now());
        if (isEnd) {
            parts.observer().finished(execution.executionRecord());
        }
    }

    private void fail(PlatformException failure) {
        if (execution.fail(failure, parts.now())) {
            parts.observer().finished(execution.executionRecord());
        }
    }

    private void tellOutput(CapturedOutput output) {
        if (listener == ExecutionListener.SILENT) {
            return;
        }
        var stdout = output.stdout().from(stdoutTold);
        var stderr = output.stderr().from(stderrTold);
        stdoutTold += stdout.length;
        stderrTold += stderr.length;
        if (stdout.length > 0) {
            tell(() -> listener.stdout(stdout, 0, stdout.length));
        }
        if (stderr.length > 0) {
            tell(() -> listener.stderr(stderr, 0, stderr.length));
        }
    }

    /// What the listener throws is its own affair: its execution ends, the run goes on for the others.
    private void tell(Runnable call) {
        if (execution.cancelledBy().isPresent()) {
            return;
        }
        try {
            call.run();
        } catch (RuntimeException failure) {
            LOG.debug("the listener of {} failed", request.id(), failure);
            execution.cancel("its caller, who stopped listening: " + failure.getMessage(), parts.now());
            if (execution.hasEnded()) {
                parts.observer().finished(execution.executionRecord());
            }
        }
    }
}
