package dev.faas.testkit.execution;

import static dev.faas.testkit.execution.Records.START;
import static dev.faas.testkit.execution.Records.TENANT;
import static dev.faas.testkit.execution.Records.finished;
import static dev.faas.testkit.execution.Records.queued;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.faas.core.common.ErrorCode;
import dev.faas.core.common.PlatformException;
import dev.faas.core.execution.ExecutionRecord;
import dev.faas.core.execution.ExecutionRepository;
import dev.faas.core.execution.ExecutionRepository.IdempotencyClaim;
import dev.faas.core.execution.ExecutionRepository.Page;
import dev.faas.core.execution.ExecutionRepository.Query;
import dev.faas.core.execution.ExecutionRepository.StoredAnswer;
import dev.faas.core.execution.ExecutionState;
import dev.faas.core.execution.Outcome;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/// What every implementation of [ExecutionRepository] keeps to.
public abstract class ExecutionRepositoryContract {

    private static final Duration DAY = Duration.ofDays(1);

    /// An empty one.
    protected abstract ExecutionRepository repository();

    /// Another server's, over the same records.
    protected abstract Server anotherServer();

    /// A server that can be killed.
    protected interface Server {
        ExecutionRepository repository();

        void kill();
    }

    @Test
    void keepsEveryFieldOfARecord() {
        int number = 0;
        for (var outcome : Records.OUTCOMES) {
            var running = Records.of("exe_" + number++, TENANT, ExecutionState.RUNNING, START, Map.of("a", "1", "b", "ü"));
            var one = Records.cached(finished(running, outcome));
            repository().save(List.of(running, one));

            assertThat(repository().find(TENANT, one.id()))
                    .get()
                    .usingRecursiveComparison()
                    .isEqualTo(one);
            assertThat(repository().list(query().build()).records()).extracting(ExecutionRecord::cache).contains(one.cache());
        }
    }

    @Test
    void keepsARecordWithoutResult() {
        var one = Records.of("exe_1", TENANT, ExecutionState.CANCELLED, START, Map.of());

        repository().save(List.of(one));

        assertThat(repository().find(TENANT, "exe_1")).contains(one);
    }

    @Test
    void findsNothingWhereNothingIs() {
        assertThat(repository().find(TENANT, "exe_1")).isEmpty();
    }

    @Test
    void showsNobodyTheRecordsOfAnother() {
        repository().save(List.of(queued("exe_1")));

        assertThat(repository().find("other", "exe_1")).isEmpty();
        assertThat(repository().list(query().tenant("other").build()).records()).isEmpty();
    }

    @Test
    void ofSeveralRecordsOfOneExecutionTheLastStays() {
        var running = Records.of("exe_1", TENANT, ExecutionState.RUNNING, START, Map.of());

        repository().save(List.of(queued("exe_1"), running));

        assertThat(repository().find(TENANT, "exe_1")).contains(running);
    }

    @Test
    void aFinalRecordIsNeverReplaced() {
        var first = finished(queued("exe_1"), new Outcome.Exited(0));
        repository().save(List.of(first));

        repository().save(List.of(finished(queued("exe_1"), new Outcome.Exited(1)), queued("exe_1")));

        assertThat(repository().find(TENANT, "exe_1")).get().usingRecursiveComparison().isEqualTo(first);
    }

    @Test
    void savingNothingIsFine() {
        repository().save(List.of());
    }

    @Test
    void keepsWhatNoTextColumnTakes() {
        var one = Records.of("exe_1", TENANT, ExecutionState.QUEUED, START, Map.of("nul", "a\0b"));

        repository().save(List.of(one));

        assertThat(repository().find(TENANT, "exe_1")).isPresent();
    }

    @Test
    void listsTheNewestFirst() {
        saveQueued(0, 5);

        assertThat(ids(repository().list(query().build()))).containsExactly("exe_4", "exe_3", "exe_2", "exe_1", "exe_0");
    }

    @Test
    void listsWithoutOutput() {
        repository().save(List.of(finished(queued("exe_1"), new Outcome.Exited(7))));

        var result = repository().list(query().build()).records().getFirst().result().orElseThrow();

        assertThat(result.outcome()).isEqualTo(new Outcome.Exited(7));
        assertThat(result.stdout()).isEmpty();
        assertThat(result.stderr()).isEmpty();
        assertThat(result.files()).isEmpty();
        assertThat(result.stdoutBytes()).isEqualTo(103);
    }

    @Test
    void pagesThroughEverythingOnce() {
        saveQueued(0, 7);

        assertThat(allPages(query().limit(3).build())).hasSize(7).doesNotHaveDuplicates();
        assertThat(repository().list(query().limit(7).build()).nextCursor()).isEmpty();
    }

    @Test
    void recordsOfTheSameInstantAreNeitherLostNorRepeated() {
        IntStream.range(0, 7).forEach(i -> repository().save(List.of(queued("exe_" + i, START))));

        assertThat(allPages(query().limit(2).build())).hasSize(7).doesNotHaveDuplicates();
    }

    @Test
    void newRecordsDoNotDisturbPaging() {
        saveQueued(0, 4);
        var first = repository().list(query().limit(2).build());

        saveQueued(4, 6);
        var second = repository().list(query().limit(2).cursor(first.nextCursor().orElseThrow()).build());

        assertThat(ids(first)).containsExactly("exe_3", "exe_2");
        assertThat(ids(second)).containsExactly("exe_1", "exe_0");
    }

    @Test
    void aCursorOutlivesItsRecord() {
        saveQueued(0, 2);
        repository().save(List.of(finished(queued("exe_2", START.plusSeconds(2)), new Outcome.Exited(0))));
        var first = repository().list(query().limit(1).build());

        repository().deleteFinishedBefore(START.plus(DAY), 10);

        var rest = repository().list(query().cursor(first.nextCursor().orElseThrow()).build());
        assertThat(ids(rest)).containsExactly("exe_1", "exe_0");
    }

    @Test
    void aCursorThatNobodyGaveOutIsRefused() {
        for (var cursor : List.of("", "x", "!!", "MTox\0", "bm8gY29sb24")) {
            assertThatThrownBy(() -> repository().list(query().cursor(cursor).build()))
                    .isInstanceOfSatisfying(
                            PlatformException.class,
                            refusal -> assertThat(refusal.code()).isEqualTo(ErrorCode.VALIDATION_FAILED));
        }
    }

    @Test
    void filtersByEverythingTogether() {
        var wanted = Records.of("exe_1", TENANT, ExecutionState.RUNNING, START, Map.of("a", "1", "b", "2"));
        repository().save(List.of(
                wanted,
                Records.of("exe_2", TENANT, ExecutionState.RUNNING, START, Map.of("a", "1")),
                Records.of("exe_3", TENANT, ExecutionState.RUNNING, START, Map.of("a", "1", "b", "3")),
                Records.of("exe_4", TENANT, ExecutionState.QUEUED, START, Map.of("a", "1", "b", "2")),
                Records.of("exe_5", TENANT, ExecutionState.RUNNING, START.plus(DAY), Map.of("a", "1", "b", "2")),
                Records.of("exe_6", TENANT, ExecutionState.RUNNING, START.minus(DAY), Map.of("a", "1", "b", "2"))));

        var found = repository().list(new Query(
                TENANT,
                Optional.of(ExecutionState.RUNNING),
                Optional.of("faas/base"),
                Map.of("a", "1", "b", "2"),
                Optional.of(START.minusSeconds(1)),
                Optional.of(START.plusSeconds(1)),
                10,
                Optional.empty()));

        assertThat(ids(found)).containsExactly("exe_1");
        assertThat(found.records().getFirst().labels()).isEqualTo(wanted.labels());
        assertThat(repository().list(query().image("other").build()).records()).isEmpty();
    }

    @Test
    void aFilterIsNeverPartOfTheStatement() {
        repository().save(List.of(queued("exe_1")));

        var label = Map.of("x' OR '1'='1", "'; DROP TABLE executions; --");
        assertThat(repository().list(query().labels(label).build()).records()).isEmpty();
        assertThat(repository().find(TENANT, "exe_1")).isPresent();
    }

    @Test
    void whatALiveServerRunsIsLeftAlone() {
        var other = anotherServer();
        other.repository().save(List.of(queued("exe_other")));
        repository().save(List.of(queued("exe_own")));

        assertThat(repository().failUnfinished("server stopped", START)).isZero();

        assertThat(state("exe_other")).isEqualTo(ExecutionState.QUEUED);
        assertThat(state("exe_own")).isEqualTo(ExecutionState.QUEUED);
    }

    @Test
    void whatADeadServerLeftUnfinishedHasFailed() {
        var other = anotherServer();
        var running = Records.of("exe_running", TENANT, ExecutionState.RUNNING, START, Map.of());
        var done = finished(queued("exe_done"), new Outcome.Exited(0));
        other.repository().save(List.of(queued("exe_queued"), running, done));
        repository().save(List.of(queued("exe_own")));

        other.kill();
        assertThat(repository().failUnfinished("server stopped", START.plusSeconds(60))).isEqualTo(2);

        var failed = repository().find(TENANT, "exe_running").orElseThrow();
        assertThat(failed.state()).isEqualTo(ExecutionState.FAILED);
        assertThat(failed.errorCode()).isEqualTo("sandbox_failed");
        assertThat(failed.errorDetail()).isEqualTo("server stopped");
        assertThat(failed.finishedAt()).contains(START.plusSeconds(60));
        assertThat(failed.startedAt()).isEqualTo(running.startedAt());
        assertThat(state("exe_queued")).isEqualTo(ExecutionState.FAILED);
        assertThat(state("exe_done")).isEqualTo(ExecutionState.COMPLETED);
        assertThat(state("exe_own")).isEqualTo(ExecutionState.QUEUED);
        assertThat(repository().failUnfinished("server stopped", START.plusSeconds(61))).isZero();
    }

    @Test
    void deletesWhatFinishedLongAgo() {
        repository().save(List.of(
                finished(queued("exe_old"), START.plusSeconds(10), new Outcome.Exited(0), new byte[0]),
                finished(queued("exe_new"), START.plusSeconds(20), new Outcome.Exited(0), new byte[0]),
                queued("exe_queued", START.minus(DAY))));

        assertThat(repository().deleteFinishedBefore(START.plusSeconds(20), 10)).isEqualTo(1);

        assertThat(ids(repository().list(query().build()))).containsExactly("exe_new", "exe_queued");
    }

    @Test
    void deletesNoMoreAtOnceThanAllowed() {
        saveFinished(5);

        assertThat(repository().deleteFinishedBefore(START.plus(DAY), 3)).isEqualTo(3);
        assertThat(repository().deleteFinishedBefore(START.plus(DAY), 3)).isEqualTo(2);
    }

    @Test
    void keepsTheRecordsThatFinishedLast() {
        saveFinished(5);
        repository().save(List.of(queued("exe_queued", START.minus(DAY))));

        assertThat(repository().deleteFinishedBeyond(2, 2)).isEqualTo(2);
        assertThat(repository().deleteFinishedBeyond(2, 2)).isEqualTo(1);
        assertThat(repository().deleteFinishedBeyond(2, 2)).isZero();

        assertThat(ids(repository().list(query().build()))).containsExactly("exe_4", "exe_3", "exe_queued");
    }

    @Test
    void aKeyCanBeClaimedOnce() {
        assertThat(claim("key", "hash", "exe_1")).isEqualTo(new IdempotencyClaim.Claimed());
        assertThat(claim("key", "hash", "exe_2")).isEqualTo(new IdempotencyClaim.InProgress("exe_1"));
        assertThat(claim("key", "other", "exe_2")).isEqualTo(new IdempotencyClaim.Mismatch());
        assertThat(claim("other", "hash", "exe_2")).isEqualTo(new IdempotencyClaim.Claimed());
        assertThat(repository().claim("other", "key", "hash", "exe_3", START, START.plus(DAY)))
                .as("another tenant's key is another key")
                .isEqualTo(new IdempotencyClaim.Claimed());
    }

    @Test
    void aStoredAnswerIsReplayed() {
        claim("key", "hash", "exe_1");
        repository().complete(TENANT, "key", new StoredAnswer(200, "application/json", new byte[] {'{', '}', 0, -1}));

        var again = claim("key", "hash", "exe_2");

        assertThat(again).isInstanceOfSatisfying(IdempotencyClaim.Completed.class, completed -> {
            assertThat(completed.answer().status()).isEqualTo(200);
            assertThat(completed.answer().contentType()).isEqualTo("application/json");
            assertThat(completed.answer().body()).containsExactly('{', '}', 0, -1);
        });
        assertThat(claim("key", "other", "exe_2")).isEqualTo(new IdempotencyClaim.Mismatch());
    }

    @Test
    void aReleasedKeyIsFreeAgainButAnAnswerStays() {
        claim("key", "hash", "exe_1");
        repository().release(TENANT, "key");
        assertThat(claim("key", "other", "exe_2")).isEqualTo(new IdempotencyClaim.Claimed());

        repository().complete(TENANT, "key", new StoredAnswer(200, "text/plain", new byte[0]));
        repository().release(TENANT, "key");
        assertThat(claim("key", "other", "exe_3")).isInstanceOf(IdempotencyClaim.Completed.class);
    }

    @Test
    void anExpiredKeyIsFreeAgain() {
        claim("key", "hash", "exe_1");
        repository().complete(TENANT, "key", new StoredAnswer(200, "text/plain", new byte[0]));

        var later = repository().claim(TENANT, "key", "other", "exe_2", START.plus(DAY), START.plus(DAY).plus(DAY));

        assertThat(later).isEqualTo(new IdempotencyClaim.Claimed());
        assertThat(claim("key", "other", "exe_3")).isEqualTo(new IdempotencyClaim.InProgress("exe_2"));
    }

    @Test
    void expiredKeysAreDeleted() {
        IntStream.range(0, 3).forEach(i -> claim("key" + i, "hash", "exe_" + i));

        assertThat(repository().deleteExpiredKeys(START, 10)).isZero();
        assertThat(repository().deleteExpiredKeys(START.plus(DAY), 2)).isEqualTo(2);
        assertThat(repository().deleteExpiredKeys(START.plus(DAY), 2)).isEqualTo(1);
    }

    @Test
    void ofManyWhoClaimAKeyAtOnceOneGetsIt() throws Exception {
        var other = anotherServer().repository();
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var claims = threads.invokeAll(IntStream.range(0, 40)
                    .<Callable<IdempotencyClaim>>mapToObj(i -> () -> (i % 2 == 0 ? repository() : other)
                            .claim(TENANT, "key", "hash", "exe_" + i, START, START.plus(DAY)))
                    .toList());
            int claimed = 0;
            for (var claim : claims) {
                claimed += claim.get() instanceof IdempotencyClaim.Claimed ? 1 : 0;
            }
            assertThat(claimed).isEqualTo(1);
        }
    }

    @Test
    void aClaimOfADeadServerIsAbandonedIfItsExecutionWasAccepted() {
        var other = anotherServer();
        other.repository().claim(TENANT, "begun", "hash", "exe_1", START, START.plus(DAY));
        other.repository().save(List.of(queued("exe_1")));
        other.repository().claim(TENANT, "never", "hash", "exe_2", START, START.plus(DAY));
        other.repository().claim(TENANT, "done", "hash", "exe_3", START, START.plus(DAY));
        other.repository().complete(TENANT, "done", new StoredAnswer(200, "text/plain", new byte[0]));
        claim("own", "hash", "exe_4");

        other.kill();
        repository().failUnfinished("server stopped", START);

        assertThat(claim("begun", "hash", "exe_5")).isEqualTo(new IdempotencyClaim.Abandoned("exe_1"));
        assertThat(claim("never", "hash", "exe_5")).isEqualTo(new IdempotencyClaim.Claimed());
        assertThat(claim("done", "hash", "exe_5")).isInstanceOf(IdempotencyClaim.Completed.class);
        assertThat(claim("own", "hash", "exe_5")).isEqualTo(new IdempotencyClaim.InProgress("exe_4"));
    }

    @Test
    void manyWritersAtOnceLoseNothing() throws Exception {
        var other = anotherServer().repository();
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var saves = threads.invokeAll(IntStream.range(0, 60)
                    .<Callable<@Nullable Void>>mapToObj(i -> () -> {
                        (i % 2 == 0 ? repository() : other).save(List.of(queued("exe_" + i)));
                        return null;
                    })
                    .toList());
            for (var save : saves) {
                save.get();
            }
        }
        assertThat(repository().list(query().limit(100).build()).records()).hasSize(60);
    }

    @Test
    void keepsLargeOutput() {
        var megabytes = "0123456789abcdef".repeat(256 * 1024).getBytes(StandardCharsets.UTF_8);
        var one = finished(queued("exe_1"), START.plusSeconds(1), new Outcome.Exited(0), megabytes);

        repository().save(List.of(one));

        assertThat(repository().find(TENANT, "exe_1").orElseThrow().result().orElseThrow().stdout())
                .isEqualTo(megabytes);
    }

    private IdempotencyClaim claim(String key, String hash, String executionId) {
        return repository().claim(TENANT, key, hash, executionId, START, START.plus(DAY));
    }

    private ExecutionState state(String id) {
        return repository().find(TENANT, id).orElseThrow().state();
    }

    private void saveQueued(int from, int to) {
        IntStream.range(from, to)
                .forEach(i -> repository().save(List.of(queued("exe_" + i, START.plusSeconds(i)))));
    }

    private void saveFinished(int count) {
        IntStream.range(0, count)
                .forEach(i -> repository().save(List.of(finished(
                        queued("exe_" + i, START.plusSeconds(i)),
                        START.plusSeconds(100 + i),
                        new Outcome.Exited(0),
                        new byte[0]))));
    }

    private List<String> allPages(Query query) {
        var all = new ArrayList<String>();
        var page = repository().list(query);
        all.addAll(ids(page));
        while (page.nextCursor().isPresent()) {
            page = repository().list(new QueryBuilder(query).cursor(page.nextCursor().get()).build());
            all.addAll(ids(page));
        }
        return all;
    }

    private static List<String> ids(Page page) {
        return page.records().stream().map(ExecutionRecord::id).toList();
    }

    private static QueryBuilder query() {
        return new QueryBuilder(new Query(
                TENANT,
                Optional.empty(),
                Optional.empty(),
                Map.of(),
                Optional.empty(),
                Optional.empty(),
                100,
                Optional.empty()));
    }

    private record QueryBuilder(Query build) {

        QueryBuilder tenant(String tenant) {
            return with(tenant, build.image(), build.labels(), build.limit(), build.cursor());
        }

        QueryBuilder image(String image) {
            return with(build.tenant(), Optional.of(image), build.labels(), build.limit(), build.cursor());
        }

        QueryBuilder labels(Map<String, String> labels) {
            return with(build.tenant(), build.image(), labels, build.limit(), build.cursor());
        }

        QueryBuilder limit(int limit) {
            return with(build.tenant(), build.image(), build.labels(), limit, build.cursor());
        }

        QueryBuilder cursor(String cursor) {
            return with(build.tenant(), build.image(), build.labels(), build.limit(), Optional.of(cursor));
        }

        private QueryBuilder with(
                String tenant,
                Optional<String> image,
                Map<String, String> labels,
                int limit,
                Optional<String> cursor) {
            return new QueryBuilder(new Query(
                    tenant,
                    build.state(),
                    image,
                    labels,
                    build.createdAfter(),
                    build.createdBefore(),
                    limit,
                    cursor));
        }
    }
}
