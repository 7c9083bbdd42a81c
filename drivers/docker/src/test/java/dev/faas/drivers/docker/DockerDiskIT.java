package dev.faas.drivers.docker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.faas.core.common.DataSize;
import dev.faas.core.sandbox.DriverStatus.Capability;
import dev.faas.core.sandbox.Limits;
import dev.faas.core.sandbox.Network;
import dev.faas.core.sandbox.SandboxSpec;
import dev.faas.testkit.service.DockerEngine;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Disk limits, which depend on the storage below an engine.
class DockerDiskIT {

    /// xfs mounted without project quotas: by its own words the engine is like one that has them.
    @Test
    void anEngineThatOnlyLooksAsIfItHadQuotasIsFoundOut(@TempDir Path runDirectory) {
        try (var engine = DockerEngine.startOnXfs();
                var images = DockerMachine.images();
                var driver = DockerMachine.start(engine, images, runDirectory)) {
            assertThat(driver.status().capabilities()).doesNotContain(Capability.DISK_LIMIT);
            assertThat(driver.status().checks())
                    .filteredOn(check -> check.feature().equals("disk limit"))
                    .singleElement()
                    .satisfies(check ->
                            assertThat(check.detail()).isEqualTo("overlay2 on xfs can't limit the writable layer"));
            assertThatThrownBy(() -> driver.create(specWithDisk(32))).hasMessageContaining("has no quotas");
            driver.create(specWithDisk(Limits.DEFAULT.disk().mebibytes())).destroy();
        }
    }

    private static SandboxSpec specWithDisk(long mebibytes) {
        var usual = Limits.DEFAULT;
        var limits = new Limits(
                usual.memory(),
                usual.cpuMillis(),
                usual.processes(),
                DataSize.ofMebibytes(mebibytes),
                usual.openFiles(),
                0,
                0);
        return new SandboxSpec(
                "disk-" + mebibytes, DockerMachine.IMAGE, limits, new Network.None(), false, "guest", Map.of());
    }
}
