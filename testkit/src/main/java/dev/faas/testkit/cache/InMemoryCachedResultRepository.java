package dev.faas.testkit.cache;

import dev.faas.core.cache.CachedResultRepository;
import dev.faas.core.common.ErrorCode;
import dev.faas.core.common.PlatformException;
import java.time.Instant;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;
import java.util.function.Supplier;

/// Results in memory, which a test can take away for a while. Thread-safe.
public final class InMemoryCachedResultRepository implements CachedResultRepository {

    private static final Comparator<Row> LEAST_RECENTLY_USED = Comparator.comparing(Row::usedAt)
            .thenComparing(row -> row.entry().createdAt())
            .thenComparing(row -> row.entry().tenant())
            .thenComparing(row -> row.entry().key());

    private final ReentrantLock rowsLock = new ReentrantLock();
    private final Map<Place, Row> rows = new HashMap<>();
    private volatile boolean isAway;
    private volatile Runnable onPut = () -> {};

    public void setAway(boolean away) {
        isAway = away;
    }

    /// Runs at the beginning of each [#put]; may block.
    public void onPut(Runnable hook) {
        onPut = hook;
    }

    @Override
    public Optional<Entry> find(String tenant, String key) {
        return locked(() -> Optional.ofNullable(rows.get(new Place(tenant, key))).map(Row::entry));
    }

    @Override
    public Optional<Content> load(Entry entry) {
        return locked(() -> Optional.ofNullable(rows.get(Place.of(entry)))
                .filter(row -> row.entry().source().equals(entry.source()))
                .map(Row::content));
    }

    @Override
    public Map<String, Integer> put(Entry entry, Content content, Bounds bounds) {
        onPut.run();
        return locked(() -> {
            rows.put(Place.of(entry), new Row(entry, content, entry.createdAt()));
            var evicted = new HashMap<String, Integer>();
            while (rows.size() > bounds.entries() || bytes() > bounds.bytes()) {
                var oldest = rows.values().stream().min(LEAST_RECENTLY_USED).orElseThrow();
                rows.remove(Place.of(oldest.entry()));
                evicted.merge(oldest.entry().tenant(), 1, Integer::sum);
            }
            return evicted;
        });
    }

    @Override
    public void touch(Collection<Use> uses) {
        locked(() -> {
            uses.forEach(use -> rows.computeIfPresent(
                    new Place(use.tenant(), use.key()),
                    (place, row) -> row.usedAt().isBefore(use.time())
                            ? new Row(row.entry(), row.content(), use.time())
                            : row));
            return uses.size();
        });
    }

    @Override
    public void remove(Entry entry) {
        locked(() -> removeIf(row -> Place.of(row.entry()).equals(Place.of(entry))
                && row.entry().source().equals(entry.source())));
    }

    @Override
    public int clear(String tenant, Optional<String> name) {
        return locked(() -> removeIf(row -> row.entry().tenant().equals(tenant)
                && name.map(given -> given.equals(row.entry().name())).orElse(true)));
    }

    @Override
    public int deleteExpired(Instant now, int limit) {
        return locked(() -> {
            var expired = rows.values().stream()
                    .filter(row -> !row.entry().expiresAt().isAfter(now))
                    .sorted(Comparator.comparing(row -> row.entry().expiresAt()))
                    .limit(limit)
                    .toList();
            expired.forEach(row -> rows.remove(Place.of(row.entry())));
            return expired.size();
        });
    }

    @Override
    public Usage usage(Optional<String> tenant, Instant now) {
        return locked(() -> {
            var found = rows.values().stream()
                    .map(Row::entry)
                    .filter(entry -> entry.expiresAt().isAfter(now))
                    .filter(entry -> tenant.map(entry.tenant()::equals).orElse(true))
                    .toList();
            return new Usage(found.size(), found.stream().mapToLong(Entry::bytes).sum());
        });
    }

    private long bytes() {
        return rows.values().stream().mapToLong(row -> row.entry().bytes()).sum();
    }

    private int removeIf(Predicate<Row> condition) {
        int before = rows.size();
        rows.values().removeIf(condition);
        return before - rows.size();
    }

    private <T> T locked(Supplier<T> action) {
        if (isAway) {
            throw new PlatformException(ErrorCode.STORE_UNAVAILABLE, "the database can't be reached");
        }
        rowsLock.lock();
        try {
            return action.get();
        } finally {
            rowsLock.unlock();
        }
    }

    private record Place(String tenant, String key) {
        static Place of(Entry entry) {
            return new Place(entry.tenant(), entry.key());
        }
    }

    private record Row(Entry entry, Content content, Instant usedAt) {}
}
