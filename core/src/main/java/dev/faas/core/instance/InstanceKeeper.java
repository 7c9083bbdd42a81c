package dev.faas.core.instance;

import dev.faas.core.common.ErrorCode;
import dev.faas.core.common.Ids;
import dev.faas.core.common.PlatformException;
import dev.faas.core.common.TimeSource;
import dev.faas.core.execution.ExecutionMode;
import dev.faas.core.execution.ExecutionRequest;
import dev.faas.core.execution.Placement;
import dev.faas.core.execution.StandingSandboxes;
import dev.faas.core.image.Image;
import dev.faas.core.image.ImageReference;
import dev.faas.core.sandbox.Isolation;
import dev.faas.core.sandbox.Limits;
import dev.faas.core.sandbox.Sandbox;
import dev.faas.core.sandbox.SandboxDriver;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.UnaryOperator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Keeps sandboxes alive between commands. What it holds in memory is the truth; records are written behind it, but that an instance is
/// being made is durable before it is. Its sandboxes end with it. Thread-safe.
public final class InstanceKeeper implements StandingSandboxes, AutoCloseable {

    public static final String ID_PREFIX = "inst";

    private static final Logger LOG = LoggerFactory.getLogger(InstanceKeeper.class);
    private static final String SERVER_STOPPED = "the server stopped";
    private static final String LOST = "its sandbox was lost";
    /// A name may be given up by one and taken by another while we look.
    private static final int NAME_ATTEMPTS = 10;

    private final InstanceConfig config;
    private final InstanceRepository repository;
    private final TimeSource time;
    private final Map<Isolation, SandboxDriver> drivers = new EnumMap<>(Isolation.class);
    private final InstanceBirth birth;
    private final InstancePauses pauses;
    private final LivingPlaces places;
    private final InstanceLedger ledger;
    private final InstanceRounds rounds;
    private final Ids ids = Ids.secure();
    private final ConcurrentHashMap<String, KeptInstance> kept = new ConcurrentHashMap<>();
    /// Tenants and names somebody is about to record an instance under.
    private final ConcurrentHashMap<List<String>, CountDownLatch> beginning = new ConcurrentHashMap<>();

    /// Records what servers that died left behind. Drivers and repository stay the caller's to close.
    ///
    /// @throws PlatformException `STORE_UNAVAILABLE`
    public InstanceKeeper(
            InstanceConfig config,
            Placement placement,
            List<SandboxDriver> drivers,
            InstanceRepository repository,
            TimeSource time) {
        this.config = config;
        this.repository = repository;
        this.time = time;
        drivers.forEach(driver -> this.drivers.put(driver.isolation(), driver));
        birth = new InstanceBirth(placement);
        pauses = new InstancePauses(config.patience());
        places = new LivingPlaces(config.maxLiving(), config.maxLivingPerTenant());
        ledger = new InstanceLedger(repository, time, config.retryDelay(), this::written);
        rounds = new InstanceRounds(config, repository, time, this::findLost);
    }

    /// Makes an instance; it answers when this returns.
    ///
    /// @throws PlatformException `CONFLICT` when the name is taken, and whatever keeps the sandbox from being made: then a failed
    ///     instance is on record
    public Instance create(String tenant, InstanceSpec spec) {
        return begin(tenant, spec)
                .map(begun -> bringUp(begun, spec))
                .orElseThrow(() -> new PlatformException(
                        ErrorCode.CONFLICT, "there is an instance named '" + spec.name() + "' already"));
    }

    /// The living instance of this name as it is, or else a new one.
    public Named getOrCreate(String tenant, InstanceSpec spec) throws InterruptedException {
        for (int attempt = 0; attempt < NAME_ATTEMPTS; attempt++) {
            var there = findNamed(tenant, spec.name()).map(this::settled);
            if (there.isPresent() && !there.get().state().isEnded()) {
                return new Named(there.get(), false);
            }
            var begun = beginNamed(tenant, spec);
            if (begun.isPresent()) {
                return new Named(bringUp(begun.get(), spec), true);
            }
        }
        throw new PlatformException(ErrorCode.CONFLICT, "others create and end '" + spec.name() + "' all the time");
    }

    /// @param idOrName a name stands for the living instance of it
    /// @throws PlatformException `NOT_FOUND`
    public Instance get(String tenant, String idOrName) {
        return find(tenant, idOrName).orElseThrow(() -> notFound(idOrName));
    }

    /// What is known, everything that was answered before this call included.
    public InstanceRepository.Page list(InstanceRepository.Query query) {
        ledger.flush();
        var page = repository.list(query);
        var current = page.instances().stream().map(this::asOfNow).toList();
        return new InstanceRepository.Page(current, page.nextCursor());
    }

    /// Paused when it returns, whoever did it; commands at work in it stand still until it is resumed.
    ///
    /// @throws PlatformException `NOT_FOUND`, `CONFLICT` when it has ended, `NOT_IMPLEMENTED` where the runtime can't
    public Instance pause(String tenant, String idOrName, String by) {
        var one = living(tenant, idOrName);
        pauses.pause(one, "paused by " + by);
        return one.live().instance();
    }

    /// Running when it returns.
    public Instance resume(String tenant, String idOrName) {
        var one = living(tenant, idOrName);
        pauses.resume(one);
        return one.live().instance();
    }

    /// Lets it live for so long from now, unless it lives longer anyway.
    ///
    /// @throws PlatformException `NOT_FOUND`, or `CONFLICT` when it has ended or lives until somebody ends it
    public Instance extend(String tenant, String idOrName, Duration ttl) {
        var one = living(tenant, idOrName);
        var now = time.instant().truncatedTo(ChronoUnit.MICROS);
        var extended = one.live().extend(now.plus(ttl));
        armExpiry(one);
        return extended;
    }

    /// Changes its memory, processor and process limits while it runs or is paused.
    ///
    /// @throws PlatformException `NOT_FOUND`, `CONFLICT` when it has ended, `NOT_IMPLEMENTED` where the runtime can't,
    ///     `VALIDATION_FAILED` when it uses more already
    public Instance limit(String tenant, String idOrName, UnaryOperator<Limits> change) {
        var one = living(tenant, idOrName);
        one.live().awaitPassed(EnumSet.of(InstanceState.CREATING), config.patience());
        one.live().requireLiving();
        var control = one.control("change limits of a running sandbox");
        return one.live().limit(change, control::limit);
    }

    /// Ends it, whatever it is doing, and forgets it.
    ///
    /// @return what was known of it last
    /// @throws PlatformException `NOT_FOUND`, or `CONFLICT` when it lives on another server
    public Instance delete(String tenant, String idOrName, String by) {
        var known = get(tenant, idOrName);
        var here = kept.get(known.id());
        if (here == null && !known.state().isEnded()) {
            throw elsewhere(known.id());
        }
        var ended = here == null ? known : end(here, "deleted by " + by);
        ledger.flush();
        if (!repository.delete(tenant, ended.id())) {
            throw notFound(idOrName);
        }
        return ended.in(InstanceState.DELETED, ended.reason(), time.instant());
    }

    /// The request as it runs in the instance it names, by id or by name: with that one's image, limits, network and variables.
    ///
    /// @throws PlatformException `NOT_FOUND`, or `CONFLICT` when it has ended
    public ExecutionRequest housed(ExecutionRequest request) {
        var live = living(request.tenant(), request.instance()).live();
        live.requireLiving();
        var instance = live.instance();
        var env = new HashMap<>(live.env());
        env.putAll(request.command().env());
        return new ExecutionRequest(
                request.id(),
                request.tenant(),
                ExecutionMode.PERSISTENT,
                instance.origin().map(Instance.Origin::isolation),
                ImageReference.of(instance.image()),
                request.command().withEnv(env),
                request.stdin(),
                instance.limits(),
                instance.network(),
                request.files(),
                request.outputs(),
                request.labels(),
                request.traceParent(),
                instance.id(),
                request.cache());
    }

    @Override
    public Image image(String tenant, String id) {
        var one = living(tenant, id);
        one.live().awaitPassed(EnumSet.of(InstanceState.CREATING), config.patience());
        return one.live().sandbox().image();
    }

    @Override
    public Stay enter(String tenant, String id) {
        var one = living(tenant, id);
        while (one.live().tryEnter() != InstanceState.RUNNING) {
            one.live().requireLiving();
            pauses.wake(one);
        }
        return new Use(one);
    }

    /// How many live, paused ones included.
    public int living() {
        return places.taken();
    }

    /// Nothing new is made from now on.
    public void shut() {
        places.shut();
    }

    /// Ends every instance; what is known is durable afterwards.
    @Override
    public void close() {
        places.shut();
        rounds.close();
        var endings = new ArrayList<Thread>();
        kept.values().forEach(one -> endings.add(Thread.startVirtualThread(() -> end(one, SERVER_STOPPED))));
        try {
            long deadline = System.nanoTime() + config.patience().toNanos();
            for (var ending : endings) {
                // One whose image is still being fetched ends with its server all the same.
                ending.join(Duration.ofNanos(Math.max(1, deadline - System.nanoTime())));
            }
            ledger.flush();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        } catch (PlatformException failure) {
            LOG.warn("how the instances ended is not recorded: {}", failure.getMessage());
        }
    }

    /// Every refusal on the spot happens here, before anything is kept.
    ///
    /// @return nothing when the name is taken
    private Optional<Begun> begin(String tenant, InstanceSpec spec) {
        var candidates = birth.candidates(spec);
        if (!spec.name().isEmpty()) {
            // An ended one gives up its name when its end is durable.
            ledger.flush();
        }
        places.take(tenant);
        var now = time.instant().truncatedTo(ChronoUnit.MICROS);
        var created = Instance.creating(ids.next(ID_PREFIX), tenant, spec, now);
        boolean isBegun = false;
        try {
            var live = new LiveInstance(created, spec.env(), time, next -> ledger.note(next));
            var one = new KeptInstance(
                    live, new Lifespan(time, () -> expire(created.id()), () -> idle(created.id())));
            kept.put(created.id(), one);
            isBegun = repository.insert(created);
            return isBegun ? Optional.of(new Begun(one, candidates)) : Optional.empty();
        } finally {
            if (!isBegun) {
                places.giveBack(tenant);
                kept.remove(created.id());
            }
        }
    }

    /// Of those who want one name at once only one takes a place; the others look again when it has.
    private Optional<Begun> beginNamed(String tenant, InstanceSpec spec) throws InterruptedException {
        var name = List.of(tenant, spec.name());
        var mine = new CountDownLatch(1);
        var others = beginning.putIfAbsent(name, mine);
        if (others != null) {
            others.await();
            return Optional.empty();
        }
        try {
            return begin(tenant, spec);
        } finally {
            beginning.remove(name, mine);
            mine.countDown();
        }
    }

    private Instance bringUp(Begun begun, InstanceSpec spec) {
        var one = begun.one();
        var live = one.live();
        Sandbox sandbox;
        try {
            sandbox = birth.make(live.instance().id(), spec, begun.candidates());
        } catch (PlatformException failure) {
            stillborn(one, String.valueOf(failure.getMessage()));
            throw failure;
        } catch (RuntimeException | Error unexpected) {
            stillborn(one, "the platform failed: " + unexpected);
            throw unexpected;
        }
        if (!live.arrive(sandbox)) {
            finishStop(one, sandbox);
            live.requireLiving();
        }
        armExpiry(one);
        one.leftAlone();
        return live.instance();
    }

    private void stillborn(KeptInstance one, String why) {
        places.giveBack(one.tenant());
        one.lifespan().end();
        if (!one.live().step(InstanceState.CREATING, InstanceState.FAILED, why)) {
            one.live().step(InstanceState.STOPPING, InstanceState.STOPPED, one.live().instance().reason());
        }
    }

    private void armExpiry(KeptInstance one) {
        one.live().instance().times().expiresAt().ifPresent(end ->
                one.lifespan().expireAfter(Duration.between(time.instant(), end)));
    }

    /// Ended when it returns, by us or by somebody who was faster.
    private Instance end(KeptInstance one, String why) {
        var before = one.live().beginStop(why);
        if (before.isEnded() || before == InstanceState.STOPPING || before == InstanceState.CREATING) {
            // Whoever makes it or stops it sees to the rest.
            return one.live().awaitEnd();
        }
        finishStop(one, one.live().lastSandbox());
        return one.live().awaitEnd();
    }

    private void finishStop(KeptInstance one, Sandbox sandbox) {
        var why = one.live().instance().reason();
        try {
            sandbox.destroy();
        } catch (RuntimeException failure) {
            LOG.error("the sandbox of {} could not be destroyed", one.live().instance().id(), failure);
            why += "; its sandbox could not be destroyed: " + failure.getMessage();
        }
        one.lifespan().end();
        places.giveBack(one.tenant());
        one.live().step(InstanceState.STOPPING, InstanceState.STOPPED, why);
    }

    private void expire(String id) {
        var one = kept.get(id);
        if (one == null) {
            return;
        }
        var left = one.live().instance().times().expiresAt().map(end -> Duration.between(time.instant(), end));
        if (left.filter(Duration::isPositive).isPresent()) {
            armExpiry(one);
        } else {
            end(one, "its time to live is over");
        }
    }

    private void idle(String id) {
        var one = kept.get(id);
        if (one == null) {
            return;
        }
        var lifetime = one.live().instance().lifetime();
        if (lifetime.autoPause()) {
            pauses.pauseIdle(one);
        } else if (one.live().isIdle(lifetime.idleTtl())) {
            end(one, "nobody used it for " + InstanceWords.of(lifetime.idleTtl()));
        }
    }

    private void findLost() {
        kept.values().forEach(this::examine);
    }

    /// One whose sandbox is no more has failed.
    private void examine(KeptInstance one) {
        var state = one.live().instance().state();
        if (state != InstanceState.RUNNING && state != InstanceState.PAUSED) {
            return;
        }
        var sandbox = one.live().lastSandbox();
        var driver = drivers.get(sandbox.isolation());
        if (driver == null || driver.list().contains(sandbox.id()) || !one.live().step(state, InstanceState.FAILED, LOST)) {
            return;
        }
        LOG.warn("the sandbox of instance {} was lost", one.live().instance().id());
        one.lifespan().end();
        places.giveBack(one.tenant());
        sandbox.destroy();
    }

    private void written(Instance durable) {
        if (durable.state().isEnded()) {
            kept.remove(durable.id());
        }
    }

    private KeptInstance living(String tenant, String idOrName) {
        var known = get(tenant, idOrName);
        var here = kept.get(known.id());
        if (here != null) {
            return here;
        }
        if (known.state().isEnded()) {
            throw new PlatformException(
                    ErrorCode.CONFLICT, "instance " + known.id() + " has ended: " + known.reason());
        }
        throw elsewhere(known.id());
    }

    private Optional<Instance> find(String tenant, String idOrName) {
        if (!idOrName.startsWith(ID_PREFIX + "_")) {
            return findNamed(tenant, idOrName);
        }
        var here = kept.get(idOrName);
        return here != null && here.tenant().equals(tenant)
                ? Optional.of(here.live().instance())
                : repository.find(tenant, idOrName);
    }

    private Optional<Instance> findNamed(String tenant, String name) {
        return repository.findByName(tenant, name).map(this::asOfNow);
    }

    private Instance asOfNow(Instance recorded) {
        var here = kept.get(recorded.id());
        return here == null ? recorded : here.live().instance();
    }

    /// Waits for one that is being created.
    private Instance settled(Instance known) {
        var here = kept.get(known.id());
        if (here == null) {
            return known;
        }
        here.live().awaitPassed(EnumSet.of(InstanceState.CREATING, InstanceState.STOPPING), config.patience());
        return here.live().instance();
    }

    private static PlatformException notFound(String idOrName) {
        return new PlatformException(ErrorCode.NOT_FOUND, "there is no instance " + idOrName);
    }

    private static PlatformException elsewhere(String id) {
        return new PlatformException(ErrorCode.CONFLICT, "instance " + id + " lives on another server; ask that one");
    }

    /// @param isNew whether it was made for this call
    public record Named(Instance instance, boolean isNew) {}

    private record Begun(KeptInstance one, Iterable<SandboxDriver> candidates) {}

    private final class Use implements Stay {

        private final KeptInstance one;
        private final Sandbox sandbox;
        private final AtomicBoolean isClosed = new AtomicBoolean();

        private Use(KeptInstance one) {
            this.one = one;
            sandbox = one.live().lastSandbox();
        }

        @Override
        public Sandbox sandbox() {
            return sandbox;
        }

        @Override
        public void close() {
            if (isClosed.compareAndSet(false, true)) {
                if (one.live().leave()) {
                    one.leftAlone();
                }
                examine(one);
            }
        }
    }
}
