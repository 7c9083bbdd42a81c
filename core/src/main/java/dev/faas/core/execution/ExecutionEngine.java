package dev.faas.core.execution;

import dev.faas.core.capacity.Capacity;
import dev.faas.core.common.ErrorCode;
import dev.faas.core.common.PlatformException;
import dev.faas.core.common.TimeSource;
import dev.faas.core.pool.PrewarmRequest;
import dev.faas.core.pool.Prewarming;
import dev.faas.core.pool.SandboxOrder;
import dev.faas.core.pool.SandboxPools;
import dev.faas.core.sandbox.SandboxDriver;
import dev.faas.core.sandbox.SandboxSpec;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Runs commands in sandboxes. What it holds in memory is the truth; the repository is written behind it. Thread-safe.
///
/// Promises: a submitted execution, and one that runs durably, is on disk before it is answered or started. The record of any other follows
/// its answer within moments. Whatever was unfinished when a server died is found and recorded as failed.
public final class ExecutionEngine implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(ExecutionEngine.class);
    /// No sandbox gets this name: each gets one of its own.
    private static final String PREWARMED = "prewarmed";

    private static final String SHUTDOWN = "the server's shutdown";

    private final EngineParts parts;
    private final StandingSandboxes standing;
    private final Placement placement;
    private final Capacity capacity;
    private final SharedRuns sharedRuns;
    private final ExecutionRepository repository;
    private final ExecutionJournal journal;
    private final RecordUpkeep upkeep;
    private final DrainGate gate;
    private final ConcurrentHashMap<String, Tracked> active = new ConcurrentHashMap<>();

    /// Records what servers that died left unfinished. The drivers and the repository stay the caller's to close.
    ///
    /// @throws PlatformException `STORE_UNAVAILABLE`
    public ExecutionEngine(
            EngineConfig config,
            List<SandboxDriver> drivers,
            ExecutionRepository repository,
            ExecutionObserver observer,
            TimeSource time) {
        this(config, drivers, repository, observer, time, Reuse.NONE);
    }

    /// As the other, with what executions may take over from others. Standing sandboxes are entered only while this engine is open, so they
    /// have to be closed after it.
    public ExecutionEngine(
            EngineConfig config,
            List<SandboxDriver> drivers,
            ExecutionRepository repository,
            ExecutionObserver observer,
            TimeSource time,
            Reuse reuse) {
        this.repository = repository;
        standing = reuse.sandboxes();
        var budget = new OutputBudget(config.output().inMemory().bytes());
        placement = new Placement(config, drivers);
        var admission = config.admission();
        capacity = new Capacity(
                admission.maxRunning(), admission.maxQueued(), admission.maxQueuedPerTenant(), time);
        var pools = new SandboxPools(
                config.pools(), () -> admission.maxRunning() - capacity.running() - capacity.queued(), time);
        parts = new EngineParts(config, time, observer, budget, new SandboxExchange(config.output()), pools);
        gate = new DrainGate(time);
        sharedRuns = new SharedRuns(parts, capacity, gate, reuse.results());
        upkeep = new RecordUpkeep(config.retention(), repository, time);
        journal = new ExecutionJournal(config.journal(), repository, observer, time, this::forget);
    }

    /// Runs a command and blocks until its end. Being interrupted cancels it. A refusal on the spot leaves no record; what fails after
    /// its acceptance is recorded and thrown.
    ///
    /// @throws PlatformException when the command could not be started
    public ExecutionRecord run(ExecutionRequest request, ExecutionListener listener) throws InterruptedException {
        return await(accept(request, listener, Promise.WRITTEN_BEHIND));
    }

    /// As [#run], but its record is durable before anything starts: for requests with an idempotency key.
    public ExecutionRecord runDurably(ExecutionRequest request, ExecutionListener listener)
            throws InterruptedException {
        return await(accept(request, listener, Promise.DURABLE_FIRST));
    }

    /// Runs a command in the background. Durable when this returns.
    public ExecutionRecord submit(ExecutionRequest request) {
        return accept(request, ExecutionListener.SILENT, Promise.IN_BACKGROUND).executionRecord();
    }

    /// As the other, but waits some time for the end. Being interrupted ends the wait, not the execution.
    ///
    /// @return the record as of the end, or as it stands when the time is over
    /// @throws PlatformException when the command could not be started, if that is known in time
    public ExecutionRecord submit(ExecutionRequest request, Duration patience) throws InterruptedException {
        var execution = accept(request, ExecutionListener.SILENT, Promise.IN_BACKGROUND);
        return execution.awaitEnd(patience) ? execution.await() : execution.executionRecord();
    }

    /// @throws PlatformException `NOT_FOUND`
    public ExecutionRecord get(String tenant, String id) {
        var tracked = active.get(id);
        if (tracked != null && tracked.execution().request().tenant().equals(tenant)) {
            return tracked.execution().executionRecord();
        }
        return repository.find(tenant, id).orElseThrow(() -> notFound(id));
    }

    /// What is remembered, everything that was answered before this call included.
    public ExecutionRepository.Page list(ExecutionRepository.Query query) {
        flush();
        return repository.list(query);
    }

    /// Ends an execution at whatever stage it is and returns its final record.
    ///
    /// @param by who asked, for the record
    /// @throws PlatformException `NOT_FOUND`, or `CONFLICT` when it has ended already
    public ExecutionRecord cancel(String tenant, String id, String by) {
        var executionRecord = get(tenant, id);
        var tracked = active.get(id);
        if (tracked == null || !cancel(tracked.execution(), by)) {
            throw new PlatformException(
                    ErrorCode.CONFLICT, "execution " + id + " has ended: " + executionRecord.state().wire());
        }
        try {
            return tracked.execution().awaitRecord();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            return tracked.execution().executionRecord();
        }
    }

    /// Every technology this server was given, best first.
    public List<RuntimeStatus> runtimes() {
        return placement.runtimes();
    }

    public EngineStatus status() {
        var admission = parts.config().admission();
        return new EngineStatus(
                capacity.running(),
                capacity.queued(),
                admission.maxRunning(),
                admission.maxQueued(),
                gate.isOpen());
    }

    /// Executions whose newest record isn't durable yet.
    public int journalBacklog() {
        return journal.backlog();
    }

    /// Accepts nothing more and waits for what runs; what is left at the deadline is cancelled.
    ///
    /// @return whether everything ended by itself
    public boolean drain(Duration deadline) {
        gate.shut();
        boolean isDone = gate.awaitEmpty(deadline);
        if (!isDone) {
            active.values().forEach(tracked -> cancel(tracked.execution(), SHUTDOWN));
            // An order to kill takes effect after the grace time at the latest; the rest is the time to destroy the sandboxes.
            gate.awaitEmpty(parts.config().deadlines().killGrace().multipliedBy(2));
        }
        try {
            flush();
        } catch (PlatformException failure) {
            LOG.warn("records wait for the database while the server stops: {}", failure.getMessage());
        }
        return isDone;
    }

    /// What is kept ready for executions to come.
    public SandboxPools pools() {
        return parts.pools();
    }

    /// Keeps sandboxes ready from now on. Makes the image available first; the sandboxes are made afterwards.
    ///
    /// @throws PlatformException `CONFLICT` where nothing is pooled, `CAPACITY_EXHAUSTED` beyond the pools' bounds, and as for an execution
    public Prewarming prewarm(PrewarmRequest request) {
        var prewarming = parts.pools().prewarming();
        prewarming.checkEnabled();
        var wish = new SandboxWish(request.isolation(), request.limits(), request.network(), Set.of());
        var placed = Prepared.first(placement.candidates(wish), request.image());
        var spec = new SandboxSpec(
                PREWARMED, request.image(), request.limits(), request.network(), false, PREWARMED, Map.of());
        var order = new SandboxOrder(placed.driver(), placed.image(), spec, request.tenant());
        return prewarming.start(order, request.count(), request.ttl());
    }

    /// Drains without patience, destroys what is kept ready and makes what is known durable.
    @Override
    public void close() {
        drain(Duration.ZERO);
        parts.pools().close();
        upkeep.close();
        journal.close();
    }

    private ActiveExecution accept(ExecutionRequest request, ExecutionListener listener, Promise promise) {
        var tracked = admit(request, listener, promise);
        try {
            tracked.execution().announce();
            parts.observer().accepted(request);
            if (promise != Promise.WRITTEN_BEHIND) {
                flush();
            }
        } catch (PlatformException failure) {
            if (tracked.execution().fail(failure, parts.now())) {
                parts.observer().finished(tracked.execution().executionRecord());
            }
            tracked.work().giveUp().run();
            gate.leave();
            throw failure;
        }
        Thread.startVirtualThread(() -> {
            try {
                tracked.work().task().run();
            } finally {
                gate.leave();
            }
        });
        return tracked.execution();
    }

    /// Every refusal on the spot happens here, before anything is kept.
    private Tracked admit(ExecutionRequest request, ExecutionListener listener, Promise promise) {
        var undo = new ArrayDeque<Runnable>();
        try {
            gate.enter();
            undo.push(gate::leave);
            var phases = new PhaseClock(parts.time());
            var policy = SandboxPolicy.of(request, parts.pools(), standing);
            var candidates = placement.candidates(request);
            journal.reserve();
            undo.push(journal::cancelReservation);
            var execution = new ActiveExecution(request, parts.now(), next -> write(next, promise));
            var patience = promise.patience(parts.config().admission());
            var work = request.mode() == ExecutionMode.CACHED
                    ? cached(new CachedTask(parts, sharedRuns, execution, candidates, patience, listener))
                    : sandboxed(execution, candidates, patience, new Sandboxed(policy, phases, listener), undo);
            var tracked = new Tracked(execution, work);
            if (active.putIfAbsent(request.id(), tracked) != null) {
                throw new PlatformException(ErrorCode.CONFLICT, "there is an execution " + request.id() + " already");
            }
            return tracked;
        } catch (PlatformException refusal) {
            undo.forEach(Runnable::run);
            parts.observer().refused(request, refusal.code());
            throw refusal;
        }
    }

    private static Work cached(CachedTask task) {
        return new Work(task, task::release, task::release);
    }

    private Work sandboxed(
            ActiveExecution execution,
            Iterable<SandboxDriver> candidates,
            Duration patience,
            Sandboxed how,
            ArrayDeque<Runnable> undo) {
        var request = execution.request();
        var place = capacity.enter(request.tenant(), patience);
        undo.push(place::release);
        var output = CapturedOutput.upTo(request.command().outputLimit(), parts.budget());
        execution.onEarlyEnd(place::leaveQueue);
        var plan = new ExecutionTask.Plan(how.policy(), candidates, place, output, how.phases());
        return new Work(new ExecutionTask(parts, execution, plan, how.listener()), place::release, output::release);
    }

    private ExecutionRecord await(ActiveExecution execution) throws InterruptedException {
        try {
            return execution.await();
        } catch (InterruptedException interrupted) {
            cancel(execution, "its caller, who was interrupted");
            throw interrupted;
        }
    }

    private boolean cancel(ActiveExecution execution, String by) {
        boolean wasEnded = execution.hasEnded();
        boolean isCancelled = execution.cancel(by, parts.now());
        if (isCancelled && !wasEnded && execution.hasEnded()) {
            parts.observer().finished(execution.executionRecord());
        }
        return isCancelled;
    }

    private void write(ExecutionRecord next, Promise promise) {
        journal.put(promise.isAnswerKept() ? next : next.withOutputUpTo(parts.config().journal().outputLimit()));
    }

    /// The final record is durable: from now on the repository answers.
    private void forget(ExecutionRecord written) {
        var tracked = active.remove(written.id());
        if (tracked != null) {
            tracked.work().forget().run();
        }
    }

    private void flush() {
        try {
            journal.flush();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new PlatformException(
                    ErrorCode.STORE_UNAVAILABLE, "interrupted while waiting for the database", interrupted);
        }
    }

    private static PlatformException notFound(String id) {
        return new PlatformException(ErrorCode.NOT_FOUND, "there is no execution " + id);
    }

    /// What is promised about an execution's record.
    private enum Promise {
        WRITTEN_BEHIND,
        DURABLE_FIRST,
        IN_BACKGROUND;

        /// Whether the record is the only way to the output.
        boolean isAnswerKept() {
            return this == IN_BACKGROUND;
        }

        Duration patience(EngineConfig.Admission admission) {
            return this == IN_BACKGROUND ? admission.backgroundQueueTimeout() : admission.queueTimeout();
        }
    }

    private record Tracked(ActiveExecution execution, Work work) {}

    /// @param giveUp instead of the task, when it isn't even begun
    /// @param forget once the record needs its output no longer
    private record Work(Runnable task, Runnable giveUp, Runnable forget) {}

    private record Sandboxed(SandboxPolicy policy, PhaseClock phases, ExecutionListener listener) {}
}
