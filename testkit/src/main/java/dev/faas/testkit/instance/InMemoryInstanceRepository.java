package dev.faas.testkit.instance;

import dev.faas.core.common.ErrorCode;
import dev.faas.core.common.PlatformException;
import dev.faas.core.execution.PageCursor;
import dev.faas.core.instance.Instance;
import dev.faas.core.instance.InstanceRepository;
import java.time.Instant;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Instances in memory, shared by as many servers as a test wants. Thread-safe.
public final class InMemoryInstanceRepository implements InstanceRepository {

    private static final Comparator<Instance> NEWEST_FIRST = Comparator.comparing(
                    (Instance one) -> one.times().createdAt())
            .thenComparing(Instance::id)
            .reversed();

    private final Shared shared;
    private final String server;
    private volatile boolean isAway;

    /// A repository of its own.
    public InMemoryInstanceRepository() {
        this(new Shared(), "server-1");
    }

    private InMemoryInstanceRepository(Shared shared, String server) {
        this.shared = shared;
        this.server = server;
        locked(() -> shared.alive.add(server));
    }

    /// Another server's view of the same records.
    public InMemoryInstanceRepository ofServer(String name) {
        return new InMemoryInstanceRepository(shared, name);
    }

    /// As if this server's process had been killed.
    public void die() {
        locked(() -> shared.alive.remove(server));
    }

    /// While away, every call fails as with a database that can't be reached.
    public void setAway(boolean away) {
        isAway = away;
    }

    @Override
    public boolean insert(Instance created) {
        return here(() -> {
            if (named(created.tenant(), created.name()).isPresent() || shared.rows.containsKey(created.id())) {
                return false;
            }
            shared.rows.put(created.id(), new Row(created, server));
            return true;
        });
    }

    @Override
    public void update(List<Instance> instances) {
        here(() -> {
            for (var one : instances) {
                shared.rows.computeIfPresent(
                        one.id(),
                        (_, row) -> row.current.version() < one.version() && !row.current.state().isEnded()
                                ? new Row(one, row.server)
                                : row);
            }
            return true;
        });
    }

    @Override
    public Optional<Instance> find(String tenant, String id) {
        return here(() -> Optional.ofNullable(shared.rows.get(id))
                .map(Row::current)
                .filter(one -> one.tenant().equals(tenant)));
    }

    @Override
    public Optional<Instance> findByName(String tenant, String name) {
        return here(() -> named(tenant, name));
    }

    @Override
    public Page list(Query query) {
        return here(() -> {
            var from = query.cursor().map(PageCursor::parse);
            var found = all().filter(one -> matches(query, one))
                    .filter(one -> from.isEmpty() || cursor(one).isOlderThan(from.get()))
                    .sorted(NEWEST_FIRST)
                    .limit(query.limit() + 1L)
                    .toList();
            boolean isMore = found.size() > query.limit();
            var page = isMore ? found.subList(0, query.limit()) : found;
            return new Page(page, isMore ? Optional.of(cursor(page.getLast()).encoded()) : Optional.empty());
        });
    }

    @Override
    public boolean delete(String tenant, String id) {
        return here(() -> shared.rows.values().removeIf(row -> row.current.id().equals(id)
                && row.current.tenant().equals(tenant)
                && row.current.state().isEnded()));
    }

    @Override
    public int failOrphans(String reason, Instant now) {
        return here(() -> {
            int count = 0;
            for (var row : shared.rows.entrySet()) {
                var one = row.getValue().current;
                if (!shared.alive.contains(row.getValue().server) && !one.state().isEnded()) {
                    row.setValue(new Row(one.lost(reason, now), row.getValue().server));
                    count++;
                }
            }
            return count;
        });
    }

    @Override
    public int deleteEndedBefore(Instant time, int limit) {
        return here(() -> {
            var old = all().filter(one -> one.times().endedAt().filter(end -> end.isBefore(time)).isPresent())
                    .sorted(NEWEST_FIRST.reversed())
                    .limit(limit)
                    .map(Instance::id)
                    .toList();
            old.forEach(shared.rows::remove);
            return old.size();
        });
    }

    private Optional<Instance> named(String tenant, String name) {
        return all().filter(one -> !name.isEmpty()
                        && one.name().equals(name)
                        && one.tenant().equals(tenant)
                        && !one.state().isEnded())
                .findFirst();
    }

    private Stream<Instance> all() {
        return shared.rows.values().stream().map(Row::current);
    }

    private static boolean matches(Query query, Instance one) {
        return one.tenant().equals(query.tenant())
                && query.state().map(state -> state == one.state()).orElse(true)
                && query.name().map(name -> name.equals(one.name())).orElse(true)
                && one.labels().entrySet().containsAll(query.labels().entrySet());
    }

    private static PageCursor cursor(Instance one) {
        return new PageCursor(one.times().createdAt(), one.id());
    }

    private <T extends @Nullable Object> T here(Supplier<T> action) {
        if (isAway) {
            throw new PlatformException(ErrorCode.STORE_UNAVAILABLE, "the database can't be reached");
        }
        return locked(action);
    }

    private <T extends @Nullable Object> T locked(Supplier<T> action) {
        shared.sharedLock.lock();
        try {
            return action.get();
        } finally {
            shared.sharedLock.unlock();
        }
    }

    private static final class Shared {
        private final ReentrantLock sharedLock = new ReentrantLock();
        private final Map<String, Row> rows = new HashMap<>();
        private final Set<String> alive = new HashSet<>();
    }

    private record Row(Instance current, String server) {}
}
