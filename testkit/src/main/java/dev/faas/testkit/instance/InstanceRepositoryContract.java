package dev.faas.testkit.instance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.faas.core.common.DataSize;
import dev.faas.core.common.PlatformException;
import dev.faas.core.instance.Instance;
import dev.faas.core.instance.Instance.Origin;
import dev.faas.core.instance.Instance.Times;
import dev.faas.core.instance.InstanceRepository;
import dev.faas.core.instance.InstanceRepository.Query;
import dev.faas.core.instance.InstanceState;
import dev.faas.core.instance.Lifetime;
import dev.faas.core.sandbox.Isolation;
import dev.faas.core.sandbox.Limits;
import dev.faas.core.sandbox.Network;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/// What every implementation of [InstanceRepository] keeps to.
public abstract class InstanceRepositoryContract {

    private static final String TENANT = "tenant";
    private static final Instant START = Instant.parse("2030-01-01T00:00:00.123456Z");
    private static final Network EGRESS = new Network.Nat(
            List.of(
                    new Network.EgressRule(true, "203.0.113.0/24", Network.Protocol.TCP, 80, 443),
                    new Network.EgressRule(false, "0.0.0.0/0", Network.Protocol.ANY, 0, 0)),
            false,
            List.of("192.0.2.1", "192.0.2.2"));

    /// An empty one.
    protected abstract InstanceRepository instances();

    /// Another server's, over the same records.
    protected abstract OtherServer otherServer();

    /// A server that can be killed.
    protected interface OtherServer {
        InstanceRepository instances();

        void kill();
    }

    @Test
    void keepsEveryFieldOfAnInstance() {
        var whole = instance("inst_1", "box", InstanceState.RUNNING, 3);

        assertThat(instances().insert(whole)).isTrue();

        assertThat(instances().find(TENANT, "inst_1")).contains(whole);
        assertThat(instances().findByName(TENANT, "box")).contains(whole);
        assertThat(instances().list(all(10)).instances()).containsExactly(whole);
    }

    @Test
    void aNameBelongsToOneLivingInstanceOfATenant() {
        instances().insert(instance("inst_1", "box", InstanceState.CREATING, 1));

        assertThat(instances().insert(instance("inst_2", "box", InstanceState.CREATING, 1))).isFalse();
        assertThat(instances().insert(of("other", "inst_3", "box", InstanceState.CREATING, 1))).isTrue();
        assertThat(instances().find(TENANT, "inst_2")).isEmpty();
    }

    @Test
    void anEndedInstanceGivesUpItsName() {
        instances().insert(instance("inst_1", "box", InstanceState.RUNNING, 1));
        instances().update(List.of(instance("inst_1", "box", InstanceState.STOPPED, 2)));

        assertThat(instances().findByName(TENANT, "box")).isEmpty();
        assertThat(instances().insert(instance("inst_2", "box", InstanceState.CREATING, 1))).isTrue();
        assertThat(instances().find(TENANT, "inst_1")).get().extracting(Instance::name).isEqualTo("box");
    }

    @Test
    void manyMayHaveNoName() {
        assertThat(instances().insert(instance("inst_1", "", InstanceState.RUNNING, 1))).isTrue();
        assertThat(instances().insert(instance("inst_2", "", InstanceState.RUNNING, 1))).isTrue();
        assertThat(instances().findByName(TENANT, "")).isEmpty();
    }

    @Test
    void anOlderVersionNeverReplacesANewer() {
        instances().insert(instance("inst_1", "", InstanceState.CREATING, 1));
        instances().update(List.of(instance("inst_1", "", InstanceState.PAUSED, 4)));

        instances().update(List.of(instance("inst_1", "", InstanceState.RUNNING, 3)));

        assertThat(instances().find(TENANT, "inst_1")).get().extracting(Instance::state).isEqualTo(InstanceState.PAUSED);
    }

    @Test
    void whatHasEndedIsNeverReplaced() {
        instances().insert(instance("inst_1", "box", InstanceState.FAILED, 2));
        instances().insert(instance("inst_2", "box", InstanceState.RUNNING, 1));

        instances().update(List.of(instance("inst_1", "box", InstanceState.RUNNING, 9)));

        assertThat(instances().find(TENANT, "inst_1")).get().extracting(Instance::state).isEqualTo(InstanceState.FAILED);
        assertThat(instances().findByName(TENANT, "box")).get().extracting(Instance::id).isEqualTo("inst_2");
    }

    @Test
    void whatIsForgottenDoesNotComeBack() {
        instances().insert(instance("inst_1", "", InstanceState.STOPPED, 5));
        assertThat(instances().delete(TENANT, "inst_1")).isTrue();

        instances().update(List.of(instance("inst_1", "", InstanceState.STOPPED, 6)));

        assertThat(instances().find(TENANT, "inst_1")).isEmpty();
    }

    @Test
    void onlyTheEndedAreForgottenAndOnlyByTheirTenant() {
        instances().insert(instance("inst_1", "", InstanceState.RUNNING, 1));
        instances().insert(instance("inst_2", "", InstanceState.STOPPED, 1));

        assertThat(instances().delete(TENANT, "inst_1")).isFalse();
        assertThat(instances().delete("other", "inst_2")).isFalse();
        assertThat(instances().list(all(10)).instances()).hasSize(2);
    }

    @Test
    void showsNobodyTheInstancesOfAnother() {
        instances().insert(instance("inst_1", "box", InstanceState.RUNNING, 1));

        assertThat(instances().find("other", "inst_1")).isEmpty();
        assertThat(instances().findByName("other", "box")).isEmpty();
        var others = new Query("other", Optional.empty(), Optional.empty(), Map.of(), 10, Optional.empty());
        assertThat(instances().list(others).instances()).isEmpty();
    }

    @Test
    void listsPageByPageNewestFirst() {
        for (int i = 0; i < 7; i++) {
            instances().insert(instance("inst_" + i, "", InstanceState.RUNNING, 1));
        }
        var seen = new ArrayList<String>();
        Optional<String> cursor = Optional.empty();
        do {
            var page = instances()
                    .list(new Query(TENANT, Optional.empty(), Optional.empty(), Map.of(), 3, cursor));
            page.instances().forEach(one -> seen.add(one.id()));
            cursor = page.nextCursor();
        } while (cursor.isPresent());

        assertThat(seen).containsExactly("inst_6", "inst_5", "inst_4", "inst_3", "inst_2", "inst_1", "inst_0");
    }

    @Test
    void listsByStateNameAndLabels() {
        instances().insert(instance("inst_1", "one", InstanceState.RUNNING, 1));
        instances().insert(instance("inst_2", "two", InstanceState.PAUSED, 1).withLabels(Map.of("team", "b", "tier", "1")));

        assertThat(ids(new Query(
                        TENANT, Optional.of(InstanceState.PAUSED), Optional.empty(), Map.of(), 9, Optional.empty())))
                .containsExactly("inst_2");
        assertThat(ids(new Query(TENANT, Optional.empty(), Optional.of("one"), Map.of(), 9, Optional.empty())))
                .containsExactly("inst_1");
        assertThat(ids(new Query(
                        TENANT, Optional.empty(), Optional.empty(), Map.of("team", "b", "tier", "1"), 9, Optional.empty())))
                .containsExactly("inst_2");
        assertThat(ids(new Query(
                        TENANT, Optional.empty(), Optional.empty(), Map.of("team", "c"), 9, Optional.empty())))
                .isEmpty();
    }

    @Test
    void aCursorNobodyGaveOutIsRefused() {
        var query = new Query(TENANT, Optional.empty(), Optional.empty(), Map.of(), 9, Optional.of("!"));

        assertThatThrownBy(() -> instances().list(query)).isInstanceOf(PlatformException.class);
    }

    @Test
    void whatLivedOnADeadServerIsLost() {
        var other = otherServer();
        instances().insert(instance("inst_1", "mine", InstanceState.RUNNING, 1));
        other.instances().insert(instance("inst_2", "theirs", InstanceState.PAUSED, 7));
        other.instances().insert(instance("inst_3", "", InstanceState.STOPPED, 7));

        assertThat(instances().failOrphans("gone", START)).isZero();
        other.kill();
        assertThat(instances().failOrphans("gone", START.plusSeconds(9))).isEqualTo(1);

        var lost = instances().find(TENANT, "inst_2").orElseThrow();
        assertThat(lost.state()).isEqualTo(InstanceState.FAILED);
        assertThat(lost.reason()).isEqualTo("gone");
        assertThat(lost.times().endedAt()).contains(START.plusSeconds(9));
        assertThat(lost.version()).isEqualTo(8);
        assertThat(instances().find(TENANT, "inst_1")).get().extracting(Instance::state).isEqualTo(InstanceState.RUNNING);
        assertThat(instances().insert(instance("inst_4", "theirs", InstanceState.CREATING, 1))).isTrue();
    }

    @Test
    void forgetsWhatEndedLongAgo() {
        for (int i = 0; i < 4; i++) {
            instances().insert(instance("inst_" + i, "", InstanceState.STOPPED, 1));
        }
        instances().insert(instance("inst_9", "", InstanceState.RUNNING, 1));

        assertThat(instances().deleteEndedBefore(START, 10)).isZero();
        assertThat(instances().deleteEndedBefore(START.plus(Duration.ofDays(2)), 3)).isEqualTo(3);
        assertThat(instances().deleteEndedBefore(START.plus(Duration.ofDays(2)), 3)).isEqualTo(1);
        assertThat(instances().list(all(10)).instances()).hasSize(1);
    }

    private List<String> ids(Query query) {
        return instances().list(query).instances().stream().map(Instance::id).toList();
    }

    private static Query all(int limit) {
        return new Query(TENANT, Optional.empty(), Optional.empty(), Map.of(), limit, Optional.empty());
    }

    private static Instance instance(String id, String name, InstanceState state, long version) {
        return of(TENANT, id, name, state, version);
    }

    private static Instance of(String tenant, String id, String name, InstanceState state, long version) {
        var created = START.plusMillis(id.charAt(id.length() - 1));
        boolean hasSandbox = state != InstanceState.CREATING;
        return new Instance(
                id,
                tenant,
                name,
                state,
                state == InstanceState.RUNNING ? "" : "because",
                "faas/base",
                hasSandbox ? Optional.of(new Origin(Isolation.DOCKER, "sha256:" + "a".repeat(64))) : Optional.empty(),
                new Limits(DataSize.ofMebibytes(64), 1500, 77, DataSize.ofMebibytes(128), 99, 1, 2),
                id.endsWith("1") ? EGRESS : new Network.None(),
                Map.of("team", "a", "ü", "ö"),
                new Lifetime(Duration.ofHours(1), Duration.ofMillis(1500), true),
                new Times(
                        created,
                        created.plusSeconds(1),
                        Optional.of(created.plusSeconds(3600)),
                        state.isEnded() ? Optional.of(created.plusSeconds(2)) : Optional.empty()),
                version);
    }
}
