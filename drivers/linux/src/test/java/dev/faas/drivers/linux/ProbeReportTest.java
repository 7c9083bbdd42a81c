package dev.faas.drivers.linux;

import static org.assertj.core.api.Assertions.assertThat;

import dev.faas.core.sandbox.DriverStatus.Capability;
import dev.faas.core.sandbox.DriverStatus.Level;
import dev.faas.drivers.agent.wire.SpawnerMessage.Feature;
import java.util.EnumSet;
import java.util.List;
import org.junit.jupiter.api.Test;

/// What the spawner finds decides what the driver offers.
class ProbeReportTest {

    private static final Feature ROOT = new Feature("privileges", 0, "root", "");

    @Test
    void everythingWorksWhenNothingIsMissing() {
        var status = ProbeReport.status(List.of(ROOT, new Feature("nat", 0, "", "")), List.of("192.0.2.53"));

        assertThat(status.available()).isTrue();
        assertThat(status.capabilities()).isEqualTo(EnumSet.allOf(Capability.class));
        assertThat(status.checks()).noneMatch(check -> check.level() != Level.OK);
    }

    @Test
    void aMissingControllerTakesItsLimitAway() {
        var status = ProbeReport.status(
                List.of(
                        ROOT,
                        new Feature("cgroup-memory", 2, "no hierarchy", "mount it"),
                        new Feature("cgroup-freezer", 2, "no hierarchy", "mount it"),
                        new Feature("nat", 2, "", "")),
                List.of());

        assertThat(status.available()).isTrue();
        assertThat(status.capabilities())
                .isEqualTo(EnumSet.complementOf(
                        EnumSet.of(
                                Capability.MEMORY_LIMIT,
                                Capability.LIVE_LIMITS,
                                Capability.FREEZE,
                                Capability.NETWORK_NAT,
                                Capability.EGRESS_RULES)));
        assertThat(status.checks()).anyMatch(check -> check.fix().equals("mount it"));
    }

    @Test
    void anOrdinaryUserHasOneIdPerSandbox() {
        var status = ProbeReport.status(List.of(new Feature("privileges", 1, "a user", "be root")), List.of());

        assertThat(status.available()).isTrue();
        assertThat(status.capabilities()).doesNotContain(Capability.USER).contains(Capability.EXEC);
    }

    @Test
    void withoutNamespacesNothingWorks() {
        var status = ProbeReport.status(List.of(ROOT, new Feature("namespaces", 2, "forbidden", "allow them")), List.of());

        assertThat(status.available()).isFalse();
        assertThat(status.reason()).contains("namespaces", "forbidden");
        assertThat(status.capabilities()).isEmpty();
    }

    @Test
    void resolversOutOfReachAreSaid() {
        var status = ProbeReport.status(List.of(ROOT, new Feature("nat", 0, "", "")), List.of());

        assertThat(status.checks())
                .anyMatch(check -> check.feature().equals("dns") && check.level() == Level.DEGRADED && !check.fix().isEmpty());
    }
}
