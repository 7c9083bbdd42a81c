package dev.faas.core.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.faas.core.common.DataSize;
import dev.faas.core.execution.CachePolicy;
import dev.faas.core.execution.CacheUse;
import dev.faas.core.execution.ExecutionResult;
import dev.faas.core.execution.KnownResults.Lookup;
import dev.faas.core.execution.Outcome;
import dev.faas.core.sandbox.Isolation;
import dev.faas.core.sandbox.Origin;
import dev.faas.testkit.ManualClock;
import dev.faas.testkit.cache.InMemoryCachedResultRepository;
import dev.faas.testkit.execution.Requests;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// What is kept, what goes, and what is counted.
final class ResultCacheTest {

    private static final Duration TTL = Duration.ofHours(1);

    private final ManualClock clock = new ManualClock(Instant.parse("2030-01-01T00:00:00Z"));
    private final InMemoryCachedResultRepository repository = new InMemoryCachedResultRepository();
    private final ResultCache cache = new ResultCache(
            new ResultCacheConfig(TTL, DataSize.ofBytes(100), DataSize.ofBytes(250), 10, Duration.ofMinutes(1)),
            repository,
            clock);

    @AfterEach
    void close() {
        cache.close();
    }

    @Test
    void whatIsTooLargeIsNotKept() {
        var lookup = lookup("a");

        assertThat(lookup.isWorthKeeping(result(100))).isTrue();
        assertThat(lookup.isWorthKeeping(result(101))).isFalse();
        lookup.keep("exe_1", result(101));
        assertThat(cache.statistics("tenant").entries()).isZero();
    }

    @Test
    void whatWasNotUsedForTheLongestTimeGoes() {
        keep("a");
        keep("b");
        clock.advance(Duration.ofSeconds(1));
        lookup("a").used(CacheUse.Kind.HIT);
        clock.advance(Duration.ofSeconds(1));

        keep("c");

        assertThat(lookup("a").find()).isPresent();
        assertThat(lookup("b").find()).isEmpty();
        assertThat(lookup("c").find()).isPresent();
        assertThat(cache.statistics("tenant").evictions()).isEqualTo(1);
        assertThat(cache.statistics("other").evictions()).isZero();
        assertThat(cache.statistics().bytes()).isEqualTo(200);
    }

    @Test
    void countsForEachTenantAndForAll() {
        lookup("a").used(CacheUse.Kind.MISS);
        lookup("a").used(CacheUse.Kind.HIT);
        other("a").used(CacheUse.Kind.JOINED);
        other("a").used(CacheUse.Kind.HIT);

        assertThat(cache.statistics("tenant")).isEqualTo(new CacheStatistics(0, 0, 1, 1, 0, 0, 0));
        assertThat(cache.statistics("other")).isEqualTo(new CacheStatistics(0, 0, 1, 0, 1, 0, 0));
        assertThat(cache.counts()).isEqualTo(new CacheStatistics(0, 0, 2, 1, 1, 0, 0));
        assertThat(cache.counts().hitRate()).isEqualTo(0.5);
        assertThat(cache.statistics("nobody").hitRate()).isZero();
    }

    @Test
    void theExpiredAreRemovedFromTimeToTime() {
        keep("a");
        clock.advance(TTL);

        await().until(() -> repository.usage(Optional.empty(), Instant.EPOCH).entries() == 0);
    }

    @Test
    void aRemovalInTheMiddleOfAWriteWins() {
        repository.onPut(() -> cache.clear("tenant", Optional.empty()));
        var lookup = lookup("a");

        lookup.keep("exe_1", result(10));

        assertThat(lookup.isCurrent()).isFalse();
        assertThat(lookup("a").find()).isEmpty();
    }

    @Test
    void aRemovalIsNobodyElsesBusiness() {
        var mine = lookup("a");
        cache.clear("other", Optional.empty());

        assertThat(mine.isCurrent()).isTrue();
    }

    @Test
    void onlySoManyWaitForTheDatabase() throws Exception {
        var gate = new CountDownLatch(1);
        repository.onPut(() -> {
            try {
                gate.await();
            } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt();
            }
        });
        var threads = new Thread[17];
        for (int i = 0; i < threads.length; i++) {
            var name = "key" + i;
            threads[i] = Thread.ofVirtual().start(() -> lookup(name).keep("exe_" + name, result(1)));
        }

        await().until(() -> cache.counts().dropped() == 1);
        gate.countDown();
        for (var thread : threads) {
            thread.join();
        }
        assertThat(cache.counts().dropped()).isEqualTo(1);
    }

    private void keep(String stdin) {
        lookup(stdin).keep("exe_" + stdin, result(100));
    }

    private Lookup lookup(String stdin) {
        return cache.lookup(request(stdin).request(), "sha256:a");
    }

    private Lookup other(String stdin) {
        return cache.lookup(request(stdin).tenant("other").request(), "sha256:a");
    }

    private static Requests request(String stdin) {
        return Requests.of("cat").stdin(stdin).cached(CachePolicy.DEFAULT);
    }

    private static ExecutionResult result(int bytes) {
        var none = Duration.ZERO;
        return new ExecutionResult(
                new Outcome.Exited(0),
                new byte[bytes],
                new byte[0],
                bytes,
                0,
                false,
                List.of(),
                Isolation.NATIVE,
                "sha256:a",
                Origin.COLD,
                new ExecutionResult.Phases(none, none, none, none, none),
                none,
                none,
                0);
    }
}
