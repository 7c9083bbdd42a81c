package dev.faas.core.cache;

import dev.faas.core.cache.CachedResultRepository.Bounds;
import dev.faas.core.cache.CachedResultRepository.Entry;
import dev.faas.core.cache.CachedResultRepository.Usage;
import dev.faas.core.cache.CachedResultRepository.Use;
import dev.faas.core.common.PlatformException;
import dev.faas.core.common.TimeSource;
import dev.faas.core.execution.CachePolicy;
import dev.faas.core.execution.CacheUse;
import dev.faas.core.execution.ExecutionRequest;
import dev.faas.core.execution.ExecutionResult;
import dev.faas.core.execution.KnownResults;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The results that the mode `cached` answers with: which are kept, for how long, and how often they were of use. The database holds them;
/// what is counted and when they were last used is held here and written there from time to time. Thread-safe.
public final class ResultCache implements KnownResults, AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(ResultCache.class);

    /// Results that wait for the database at once; each may be as large as an entry may be.
    private static final int MAX_WRITES = 16;

    private static final int DELETE_BATCH = 500;

    private final ResultCacheConfig config;
    private final CachedResultRepository repository;
    private final TimeSource time;
    private final Tally all = new Tally();
    private final ConcurrentHashMap<String, Tally> tallies = new ConcurrentHashMap<>();
    private final ConcurrentHashMap<String, LongAdder> removals = new ConcurrentHashMap<>();
    /// By key, which no two tenants share. At most as many as there are entries.
    private final ConcurrentHashMap<String, Use> uses = new ConcurrentHashMap<>();
    private final Semaphore writes = new Semaphore(MAX_WRITES);
    private final ReentrantLock scheduleLock = new ReentrantLock();
    private TimeSource.Alarm next = () -> {};
    private boolean isClosed;

    /// The repository stays the caller's to close.
    public ResultCache(ResultCacheConfig config, CachedResultRepository repository, TimeSource time) {
        this.config = config;
        this.repository = repository;
        this.time = time;
        scheduleNext();
    }

    @Override
    public Lookup lookup(ExecutionRequest request, String imageDigest) {
        return new Slot(request, ContentKey.of(request, imageDigest));
    }

    /// Removes a tenant's results: all, or those under a name of its own. Runs that are going on are not kept either, and nobody joins
    /// them any more.
    ///
    /// @return how many there were
    /// @throws PlatformException `STORE_UNAVAILABLE`
    public int clear(String tenant, Optional<String> name) {
        removals.computeIfAbsent(tenant, key -> new LongAdder()).increment();
        return repository.clear(tenant, name);
    }

    /// @throws PlatformException `STORE_UNAVAILABLE`
    public CacheStatistics statistics(String tenant) {
        return tallies.computeIfAbsent(tenant, key -> new Tally())
                .statistics(repository.usage(Optional.of(tenant), time.instant()));
    }

    /// Of all tenants together.
    ///
    /// @throws PlatformException `STORE_UNAVAILABLE`
    public CacheStatistics statistics() {
        return all.statistics(repository.usage(Optional.empty(), time.instant()));
    }

    /// As [#statistics()] without what is in the database.
    public CacheStatistics counts() {
        return all.statistics(new Usage(0, 0));
    }

    public ResultCacheConfig config() {
        return config;
    }

    /// Writes down what was used.
    @Override
    public void close() {
        scheduleLock.lock();
        try {
            isClosed = true;
            next.cancel();
        } finally {
            scheduleLock.unlock();
        }
        try {
            noteUses();
        } catch (PlatformException failure) {
            LOG.warn("when results were last used is not noted: {}", failure.getMessage());
        }
    }

    private long removalsOf(String tenant) {
        var count = removals.get(tenant);
        return count == null ? 0 : count.sum();
    }

    private void used(Use use) {
        if (uses.size() < config.maxEntries()) {
            uses.put(use.key(), use);
        }
    }

    private void noteUses() {
        var noted = new ArrayList<>(uses.values());
        if (!noted.isEmpty()) {
            repository.touch(noted);
            noted.forEach(use -> uses.remove(use.key(), use));
        }
    }

    private void scheduleNext() {
        scheduleLock.lock();
        try {
            if (!isClosed) {
                // A platform thread: a database in native code would pin the carrier of a virtual one for as long as the disk takes.
                next = time.schedule(
                        config.interval(), () -> Thread.ofPlatform().name("faas-cache").daemon().start(this::tidyUp));
            }
        } finally {
            scheduleLock.unlock();
        }
    }

    private void tidyUp() {
        try {
            noteUses();
            int deleted;
            do {
                deleted = repository.deleteExpired(time.instant(), DELETE_BATCH);
            } while (deleted >= DELETE_BATCH);
        } catch (PlatformException failure) {
            LOG.warn("expired results were not removed, the next round tries again: {}", failure.getMessage());
        } finally {
            scheduleNext();
        }
    }

    private void count(String tenant, Function<Tally, LongAdder> which, long by) {
        which.apply(all).add(by);
        which.apply(tallies.computeIfAbsent(tenant, key -> new Tally())).add(by);
    }

    /// What one request has to do with the cache.
    private final class Slot implements Lookup {

        private final String tenant;
        private final CachePolicy policy;
        private final String key;
        private final long removalsBefore;

        private Slot(ExecutionRequest request, String key) {
            this.key = key;
            tenant = request.tenant();
            policy = request.cache().orElse(CachePolicy.DEFAULT);
            removalsBefore = removalsOf(tenant);
        }

        @Override
        public String key() {
            return key;
        }

        @Override
        public boolean isCurrent() {
            return removalsOf(tenant) == removalsBefore;
        }

        @Override
        public Optional<Found> find() {
            try {
                var now = time.instant();
                return repository.find(tenant, key).filter(entry -> isYoung(entry, now)).map(entry -> new Known(entry));
            } catch (PlatformException failure) {
                LOG.warn("known results can't be read, the command is run: {}", failure.getMessage());
                return Optional.empty();
            }
        }

        private boolean isYoung(Entry entry, Instant now) {
            return entry.expiresAt().isAfter(now)
                    && policy.maxAge().map(age -> entry.createdAt().plus(age).isAfter(now)).orElse(true);
        }

        @Override
        public boolean isWorthKeeping(ExecutionResult result) {
            long bytes = KeptResult.bytes(result);
            return KeptResult.isComplete(result, policy.keepsFailures())
                    && bytes <= config.entryLimit().bytes()
                    && bytes <= config.totalLimit().bytes();
        }

        @Override
        public void keep(String source, ExecutionResult result) {
            if (!isCurrent() || !isWorthKeeping(result)) {
                return;
            }
            if (!writes.tryAcquire()) {
                count(tenant, Tally::dropped, 1);
                return;
            }
            try {
                put(source, result);
            } catch (RuntimeException failure) {
                LOG.warn("the result of {} is not kept: {}", source, failure.getMessage());
                count(tenant, Tally::dropped, 1);
            } finally {
                writes.release();
            }
        }

        private void put(String source, ExecutionResult result) {
            var now = time.instant().truncatedTo(ChronoUnit.MICROS);
            var ttl = policy.maxAge().orElse(config.ttl());
            var entry =
                    new Entry(tenant, key, policy.key(), source, now, now.plus(ttl), KeptResult.bytes(result));
            // So that what goes is what was really not used for the longest time.
            noteUses();
            repository
                    .put(entry, KeptResult.of(result), new Bounds(config.totalLimit().bytes(), config.maxEntries()))
                    .forEach((owner, removed) -> count(owner, Tally::evictions, removed));
            if (!isCurrent()) {
                repository.remove(entry);
            }
        }

        @Override
        public void used(CacheUse.Kind kind) {
            switch (kind) {
                case HIT -> {
                    count(tenant, Tally::hits, 1);
                    ResultCache.this.used(new Use(tenant, key, time.instant().truncatedTo(ChronoUnit.MICROS)));
                }
                case MISS -> count(tenant, Tally::misses, 1);
                case JOINED -> count(tenant, Tally::joined, 1);
            }
        }
    }

    private final class Known implements Found {

        private final Entry entry;

        private Known(Entry entry) {
            this.entry = entry;
        }

        @Override
        public String source() {
            return entry.source();
        }

        @Override
        public long bytes() {
            return entry.bytes();
        }

        @Override
        public Optional<ExecutionResult> load() {
            try {
                return repository.load(entry).map(KeptResult::restored);
            } catch (PlatformException failure) {
                LOG.warn("a known result can't be read, the command is run: {}", failure.getMessage());
                return Optional.empty();
            }
        }
    }

    private record Tally(LongAdder hits, LongAdder misses, LongAdder joined, LongAdder evictions, LongAdder dropped) {

        Tally() {
            this(new LongAdder(), new LongAdder(), new LongAdder(), new LongAdder(), new LongAdder());
        }

        CacheStatistics statistics(Usage usage) {
            return new CacheStatistics(
                    usage.entries(),
                    usage.bytes(),
                    hits.sum(),
                    misses.sum(),
                    joined.sum(),
                    evictions.sum(),
                    dropped.sum());
        }
    }
}
