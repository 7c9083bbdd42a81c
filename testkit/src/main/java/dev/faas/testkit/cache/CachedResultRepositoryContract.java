package dev.faas.testkit.cache;

import static org.assertj.core.api.Assertions.assertThat;

import dev.faas.core.cache.CachedResultRepository;
import dev.faas.core.cache.CachedResultRepository.Bounds;
import dev.faas.core.cache.CachedResultRepository.Content;
import dev.faas.core.cache.CachedResultRepository.Entry;
import dev.faas.core.cache.CachedResultRepository.File;
import dev.faas.core.cache.CachedResultRepository.Usage;
import dev.faas.core.cache.CachedResultRepository.Use;
import dev.faas.core.sandbox.Isolation;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/// What every implementation of [CachedResultRepository] keeps to.
public abstract class CachedResultRepositoryContract {

    private static final Instant START = Instant.parse("2030-01-01T00:00:00.123456Z");
    private static final Bounds WIDE = new Bounds(Long.MAX_VALUE, Integer.MAX_VALUE);

    /// An empty one, the same for the whole test.
    protected abstract CachedResultRepository repository();

    @Test
    void keepsEveryByte() {
        var random = new Random(7);
        var stdout = new byte[1 << 20];
        random.nextBytes(stdout);
        var content = new Content(
                3,
                stdout,
                new byte[] {0, -1, 'e'},
                List.of(new File("/b", new byte[] {0, -128}), new File("/a", new byte[0])),
                Isolation.DOCKER,
                "sha256:" + "b".repeat(64));
        var entry = entry("tenant", "key", 0, stdout.length + 5L);

        put(entry, content);

        assertThat(repository().find("tenant", "key")).contains(entry);
        assertThat(repository().load(entry)).get().usingRecursiveComparison().isEqualTo(content);
    }

    @Test
    void findsNothingWhereNothingIs() {
        assertThat(repository().find("tenant", "key")).isEmpty();
        assertThat(repository().load(entry("tenant", "key", 0, 1))).isEmpty();
        assertThat(repository().usage(Optional.empty(), START)).isEqualTo(new Usage(0, 0));
    }

    @Test
    void tenantsSeeNothingOfEachOther() {
        put(entry("left", "key", 0, 10), content("left"));
        put(entry("right", "key", 0, 20), content("right"));

        assertThat(repository().load(entry("left", "key", 0, 10)).orElseThrow().stdout())
                .asString()
                .isEqualTo("left");
        assertThat(repository().usage(Optional.of("left"), START)).isEqualTo(new Usage(1, 10));
        assertThat(repository().usage(Optional.empty(), START)).isEqualTo(new Usage(2, 30));
        assertThat(repository().clear("left", Optional.empty())).isEqualTo(1);
        assertThat(repository().find("right", "key")).isPresent();
    }

    @Test
    void aNewResultTakesThePlaceOfTheOld() {
        var old = entry("tenant", "key", 0, 10);
        put(old, new Content(0, new byte[1], new byte[0], List.of(new File("/a", new byte[1])), Isolation.NATIVE, ""));
        var young = new Entry("tenant", "key", "", "exe_young", START.plusSeconds(1), START.plusSeconds(100), 4);

        put(young, content("new"));

        assertThat(repository().find("tenant", "key")).contains(young);
        assertThat(repository().load(young).orElseThrow().files()).isEmpty();
        assertThat(repository().load(old)).as("what was found before and replaced since").isEmpty();
        assertThat(repository().usage(Optional.empty(), START)).isEqualTo(new Usage(1, 4));
    }

    @Test
    void whatWasNotUsedForTheLongestTimeGoesFirst() {
        for (int i = 0; i < 3; i++) {
            put(entry("tenant", "key" + i, i, 10), content("x"));
        }
        repository().touch(List.of(
                new Use("tenant", "key0", START.plusSeconds(10)), new Use("tenant", "gone", START.plusSeconds(10))));

        var evicted = repository().put(entry("other", "key3", 20, 10), content("x"), new Bounds(20, 100));

        assertThat(evicted).isEqualTo(Map.of("tenant", 2));
        assertThat(repository().find("tenant", "key0")).isPresent();
        assertThat(repository().find("other", "key3")).isPresent();
        assertThat(repository().usage(Optional.empty(), START)).isEqualTo(new Usage(2, 20));
    }

    @Test
    void theirNumberIsBoundedToo() {
        for (int i = 0; i < 5; i++) {
            repository().put(entry("tenant", "key" + i, i, 0), content(""), new Bounds(1000, 3));
        }

        assertThat(IntStream.range(0, 5).filter(i -> repository().find("tenant", "key" + i).isPresent()))
                .containsExactly(2, 3, 4);
    }

    @Test
    void anEarlierUseChangesNothing() {
        put(entry("tenant", "a", 5, 10), content("x"));
        put(entry("tenant", "b", 6, 10), content("x"));

        repository().touch(List.of(new Use("tenant", "b", START)));
        repository().put(entry("tenant", "c", 7, 10), content("x"), new Bounds(20, 100));

        assertThat(repository().find("tenant", "a")).isEmpty();
        assertThat(repository().find("tenant", "b")).isPresent();
    }

    @Test
    void whatIsExpiredIsRemovedInBatches() {
        for (int i = 0; i < 5; i++) {
            put(entry("tenant", "key" + i, i, 10), content("x"));
        }
        var now = START.plusSeconds(103);

        assertThat(repository().usage(Optional.of("tenant"), now)).isEqualTo(new Usage(1, 10));
        assertThat(repository().deleteExpired(now, 3)).isEqualTo(3);
        assertThat(repository().deleteExpired(now, 3)).isEqualTo(1);
        assertThat(repository().find("tenant", "key4")).isPresent();
    }

    @Test
    void removesByName() {
        put(named("a", "one"), content("x"));
        put(named("b", "two"), content("x"));
        put(named("c", "one"), content("x"));

        assertThat(repository().clear("tenant", Optional.of("one"))).isEqualTo(2);
        assertThat(repository().clear("tenant", Optional.of("one"))).isZero();
        assertThat(repository().find("tenant", "b")).isPresent();
    }

    @Test
    void removesAnEntryOnlyUnchanged() {
        var entry = entry("tenant", "key", 0, 10);
        put(entry, content("x"));

        repository().remove(new Entry("tenant", "key", "", "exe_another", START, START, 10));
        assertThat(repository().find("tenant", "key")).isPresent();

        repository().remove(entry);
        assertThat(repository().find("tenant", "key")).isEmpty();
    }

    @Test
    void manyAtOnceStayWithinTheBounds() throws Exception {
        var bounds = new Bounds(50, 100);
        repository();
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var puts = IntStream.range(0, 40)
                    .<Callable<Map<String, Integer>>>mapToObj(i ->
                            () -> repository().put(entry("tenant", "key" + i % 20, i, 10), content("x"), bounds))
                    .toList();
            for (var each : threads.invokeAll(puts)) {
                each.get();
            }
        }
        repository().put(entry("tenant", "last", 100, 10), content("x"), bounds);

        assertThat(repository().usage(Optional.empty(), START)).isEqualTo(new Usage(5, 50));
    }

    private void put(Entry entry, Content content) {
        assertThat(repository().put(entry, content, WIDE)).isEmpty();
    }

    /// Expires 100 seconds after it was made.
    private static Entry entry(String tenant, String key, int second, long bytes) {
        var created = START.plusSeconds(second);
        return new Entry(tenant, key, "", "exe_" + tenant, created, created.plusSeconds(100), bytes);
    }

    private static Entry named(String key, String name) {
        return new Entry("tenant", key, name, "exe_1", START, START.plusSeconds(100), 10);
    }

    private static Content content(String stdout) {
        return new Content(0, stdout.getBytes(StandardCharsets.UTF_8), new byte[0], List.of(), Isolation.NATIVE, "");
    }
}
