package dev.faas.testkit.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import dev.faas.core.common.DataSize;
import dev.faas.core.sandbox.Command;
import dev.faas.core.sandbox.DriverStatus.Capability;
import dev.faas.core.sandbox.Limits;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/// The kernel enforces every limit the driver reports; one it doesn't report it refuses.
public interface LimitsContract extends SandboxFixture {

    @Test
    default void whoTakesTooMuchMemoryIsKilledAndReported() {
        var spec = spec(limits(64, 1000, 128, 256));
        if (!offers(Capability.MEMORY_LIMIT)) {
            assertRefused(spec);
            return;
        }
        try (var sandbox = driver().create(spec)) {
            var run = CommandRun.of(sandbox, Command.of("perl", "-e", "$x .= 'y' x (1 << 20) for 1 .. 400; print 'survived'"));
            assertThat(run.text()).isEmpty();
            assertThat(run.exit().signaled()).isTrue();
            assertThat(run.exit().code()).isEqualTo(9);
            assertThat(sandbox.stats().oomKills()).isPositive();
            assertThat(CommandRun.shell(sandbox, "echo alive").line()).isEqualTo("alive");
            var stats = sandbox.destroy();
            assertThat(stats.oomKills()).isPositive();
            assertThat(stats.memoryPeakBytes()).isBetween(32L << 20, 65L << 20);
        }
    }

    @Test
    default void aForkBombIsContained() {
        var spec = spec(limits(256, 1000, 64, 256));
        if (!offers(Capability.PROCESS_LIMIT)) {
            assertRefused(spec);
            return;
        }
        try (var sandbox = driver().create(spec)) {
            var bomb = Command.of("perl", "-e", "while (1) { fork() // select(undef, undef, undef, 0.05) }")
                    .withTimeout(Duration.ofSeconds(2));
            try (var process = sandbox.start(bomb)) {
                process.discardOutput();
                Eventually.holds(() -> assertThat(sandbox.stats().processes()).isBetween(2, 64));
            }
            Eventually.holds(() -> assertThat(CommandRun.shell(sandbox, "echo alive").line()).isEqualTo("alive"));
        }
    }

    @Test
    default void aFullDiskStaysTheSandboxsOwn() {
        var limits = limits(512, 1000, 128, 32);
        var spec = spec(limits);
        if (!offers(Capability.DISK_LIMIT)) {
            assertRefused(spec);
            return;
        }
        try (var sandbox = driver().create(spec);
                var other = driver().create(spec(limits))) {
            var run = CommandRun.shell(sandbox, "head -c 100000000 /dev/zero > /fill; wc -c < /fill");
            assertThat(run.errors()).contains("No space left");
            assertThat(Long.parseLong(run.line())).isBetween(8L << 20, 34L << 20);
            assertThat(CommandRun.shell(sandbox, "rm /fill && echo x > /small && cat /small").line()).isEqualTo("x");
            assertThat(CommandRun.shell(other, "head -c 8000000 /dev/zero > /fill && echo fits").line()).isEqualTo("fits");
        }
    }

    @Test
    default void theProcessorShareIsTheOneAskedFor() throws Exception {
        var spec = spec(limits(256, 250, 128, 256));
        if (!offers(Capability.CPU_LIMIT)) {
            assertRefused(spec);
            return;
        }
        try (var sandbox = driver().create(spec)) {
            var before = sandbox.stats().cpuTime();
            var run = CommandRun.of(sandbox, Command.shell("while :; do :; done & while :; do :; done")
                    .withTimeout(Duration.ofSeconds(2)));
            var used = sandbox.stats().cpuTime().minus(before);
            // Two busy loops could use 4 seconds of processor time in 2; a quarter of a core gives them half a second.
            assertThat(used).isBetween(Duration.ofMillis(100), run.exit().wallTime().multipliedBy(35).dividedBy(100));
        }
    }

    @Test
    default void openFilesAreLimited() {
        var defaults = Limits.DEFAULT;
        var spec = spec(new Limits(
                defaults.memory(), defaults.cpuMillis(), defaults.processes(), defaults.disk(), 50, 0, 0));
        try (var sandbox = driver().create(spec)) {
            assertThat(CommandRun.shell(sandbox, "ulimit -n; ulimit -Hn").text()).isEqualTo("50\n50\n");
        }
    }

    @Test
    default void aReadOnlyRootIsReadOnly() {
        var spec = readOnlySpec();
        if (!offers(Capability.READ_ONLY_ROOT)) {
            assertRefused(spec);
            return;
        }
        try (var sandbox = driver().create(spec)) {
            var run = CommandRun.shell(sandbox, "echo x > /file; echo x > /etc/file; echo x > /usr/file; ls /file /etc/file /usr/file");
            assertThat(run.text()).isEmpty();
            assertThat(run.errors()).contains("Read-only file system");
        }
    }

    private static Limits limits(long memory, int cpuMillis, int processes, long disk) {
        return new Limits(
                DataSize.ofMebibytes(memory), cpuMillis, processes, DataSize.ofMebibytes(disk), 1024, 0, 0);
    }
}
