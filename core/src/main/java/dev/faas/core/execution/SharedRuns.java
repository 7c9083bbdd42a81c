package dev.faas.core.execution;

import dev.faas.core.capacity.Capacity;
import dev.faas.core.common.ErrorCode;
import dev.faas.core.common.PlatformException;
import dev.faas.core.execution.SharedRun.Ending;
import dev.faas.core.sandbox.Isolation;
import dev.faas.core.sandbox.SandboxDriver;
import java.time.Duration;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Sees to it that of equal executions in the mode `cached` only one has a sandbox, and only if the result isn't known. Thread-safe.
final class SharedRuns {

    private static final Logger LOG = LoggerFactory.getLogger(SharedRuns.class);

    private final EngineParts parts;
    private final Capacity capacity;
    private final DrainGate gate;
    private final KnownResults known;
    private final ConcurrentHashMap<String, SharedRun> current = new ConcurrentHashMap<>();

    SharedRuns(EngineParts parts, Capacity capacity, DrainGate gate, KnownResults known) {
        this.parts = parts;
        this.capacity = capacity;
        this.gate = gate;
        this.known = known;
    }

    KnownResults known() {
        return known;
    }

    /// Joins the run of an equal execution, or begins one.
    ///
    /// @param wish how a run is to be made, should there have to be one
    Seat enter(ActiveExecution member, KnownResults.Lookup lookup, Wish wish) {
        boolean isRefresh = isRefresh(member.request());
        var entry = new Entry();
        var shared = current.compute(lookup.key(), (key, present) -> {
            // Who asks for a new result must not be given one of a run that began before.
            if (present != null && !isRefresh) {
                entry.use = present.join(member);
            }
            if (present != null && entry.use != null) {
                return present;
            }
            var made = new SharedRun(lookup, member.request().id());
            entry.use = made.join(member);
            entry.isNew = entry.use != null;
            return entry.isNew ? made : null;
        });
        if (shared == null || entry.use == null) {
            // Somebody removes the tenant's results just now; this one goes its own way.
            return enter(member, known.lookup(member.request(), wish.imageDigest()), wish);
        }
        if (entry.isNew) {
            gate.follow();
            Thread.startVirtualThread(() -> carry(shared, member.request(), wish));
        }
        return new Seat(shared, entry.use);
    }

    private void carry(SharedRun shared, ExecutionRequest request, Wish wish) {
        try {
            if (isRefresh(request) || !find(shared)) {
                run(shared, request, wish);
            }
        } catch (PlatformException failure) {
            shared.end(new Ending.Failed(failure));
        } catch (RuntimeException | Error unexpected) {
            // Even an error that is no exception: its members would wait for ever.
            LOG.error("the run shared with {} failed unexpectedly", request.id(), unexpected);
            shared.end(new Ending.Failed(
                    new PlatformException(ErrorCode.INTERNAL, "the engine failed: " + unexpected, unexpected)));
        } finally {
            current.remove(shared.lookup().key(), shared);
            shared.release();
            gate.leave();
        }
    }

    /// @return whether the result is known
    private boolean find(SharedRun shared) {
        var found = shared.lookup().find();
        if (found.isEmpty()) {
            return false;
        }
        long bytes = found.get().bytes();
        if (!parts.budget().take(bytes)) {
            throw PlatformException.retryLater(
                    ErrorCode.CAPACITY_EXHAUSTED,
                    "the output of other executions takes all the memory there is for it; a known result of " + bytes
                            + " bytes can't be loaded",
                    Duration.ofSeconds(1));
        }
        shared.onRelease(() -> parts.budget().giveBack(bytes));
        var result = found.get().load();
        if (result.isEmpty()) {
            shared.onRelease(() -> {});
            parts.budget().giveBack(bytes);
            return false;
        }
        shared.end(new Ending.Known(found.get().source(), result.get()));
        return true;
    }

    private void run(SharedRun shared, ExecutionRequest request, Wish wish) {
        var output = CapturedOutput.upTo(request.command().outputLimit(), parts.budget());
        // The records are its members'; it has none of its own.
        var run = new ActiveExecution(request, parts.now(), ignored -> {});
        if (!shared.begin(run, output)) {
            return;
        }
        var phases = new PhaseClock(parts.time());
        var place = capacity.enter(request.tenant(), wish.patience());
        run.onEarlyEnd(place::leaveQueue);
        var plan = new ExecutionTask.Plan(
                SandboxPolicy.of(request, parts.pools(), StandingSandboxes.NONE), wish.candidates(), place, output, phases);
        new ExecutionTask(parts.withObserver(new Follower(shared, run)), run, plan, new Growth(shared)).run();
        run.executionRecord()
                .result()
                .filter(shared.lookup()::isWorthKeeping)
                .filter(result -> result.imageDigest().equals(wish.imageDigest()) && current.get(shared.lookup().key()) == shared)
                .ifPresent(result -> shared.lookup().keep(request.id(), result));
    }

    private static boolean isRefresh(ExecutionRequest request) {
        return request.cache().orElse(CachePolicy.DEFAULT).isRefresh();
    }

    /// @param candidates best first
    /// @param patience   how long the first who came waits for a place
    record Wish(Iterable<SandboxDriver> candidates, String imageDigest, Duration patience) {}

    /// One execution's part in a run.
    record Seat(SharedRun shared, CacheUse use) {}

    /// What happens under the lock of the map's entry.
    private static final class Entry {
        private @Nullable CacheUse use;
        private boolean isNew;
    }

    /// Tells the members what would otherwise be told to the engine's observer.
    private final class Follower implements ExecutionObserver {

        private final SharedRun shared;
        private final ActiveExecution run;

        private Follower(SharedRun shared, ActiveExecution run) {
            this.shared = shared;
            this.run = run;
        }

        @Override
        public void started(ExecutionRecord record) {
            shared.started();
        }

        @Override
        public void finished(ExecutionRecord record) {
            shared.end(record.result()
                    .<Ending>map(Ending.Ran::new)
                    .orElseGet(() -> new Ending.Failed(run.failure().orElseThrow())));
        }

        @Override
        public void sandboxDestroyed(Isolation isolation, Duration took) {
            parts.observer().sandboxDestroyed(isolation, took);
        }
    }

    /// Members read what the run printed at their own speed, so none of them holds it back.
    private record Growth(SharedRun shared) implements ExecutionListener {

        @Override
        public void stdout(byte[] bytes, int offset, int length) {
            shared.grown();
        }

        @Override
        public void stderr(byte[] bytes, int offset, int length) {
            shared.grown();
        }
    }
}
