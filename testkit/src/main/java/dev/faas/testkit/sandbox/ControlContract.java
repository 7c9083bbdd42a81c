package dev.faas.testkit.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.faas.core.common.DataSize;
import dev.faas.core.common.ErrorCode;
import dev.faas.core.common.PlatformException;
import dev.faas.core.sandbox.Command;
import dev.faas.core.sandbox.DriverStatus.Capability;
import dev.faas.core.sandbox.Limits;
import dev.faas.core.sandbox.Sandbox;
import dev.faas.core.sandbox.SandboxControl;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/// A living sandbox is frozen, thawed and given other limits, where the technology can.
public interface ControlContract extends SandboxFixture {

    /// Prints numbers as fast as it can.
    Command COUNTER = Command.of("perl", "-e", "$| = 1; print ++$i, qq(\\n) while 1");

    @Test
    default void aFrozenSandboxStandsStillAndGoesOn() throws Exception {
        if (!offers(Capability.FREEZE)) {
            assertWithoutControl();
            return;
        }
        try (var sandbox = create();
                var process = sandbox.start(COUNTER)) {
            process.discardOutput();
            Eventually.holds(() -> assertThat(sandbox.stats().cpuTime()).isPositive());
            control(sandbox).freeze();
            control(sandbox).freeze();
            var used = sandbox.stats().cpuTime();
            var answer = CompletableFuture.supplyAsync(
                    () -> CommandRun.shell(sandbox, "echo late").line(),
                    task -> Thread.ofVirtual().start(task));
            workElsewhere();
            assertThat(sandbox.stats().cpuTime()).isEqualTo(used);
            assertThat(answer).isNotDone();
            control(sandbox).thaw();
            control(sandbox).thaw();
            assertThat(answer.get(30, TimeUnit.SECONDS)).isEqualTo("late");
            Eventually.holds(() -> assertThat(sandbox.stats().cpuTime()).isGreaterThan(used));
        }
    }

    @Test
    default void aFrozenSandboxCanBeDestroyed() {
        if (!offers(Capability.FREEZE)) {
            assertWithoutControl();
            return;
        }
        var sandbox = create();
        var process = sandbox.start(COUNTER);
        process.discardOutput();
        control(sandbox).freeze();
        sandbox.destroy();
        assertThat(driver().list()).doesNotContain(sandbox.id());
        assertThatThrownBy(process::waitFor).isInstanceOf(PlatformException.class);
        assertGone(() -> control(sandbox).freeze());
        assertGone(() -> control(sandbox).thaw());
    }

    @Test
    default void newLimitsHoldAtOnce() {
        if (!offers(Capability.LIVE_LIMITS)) {
            assertWithoutControl();
            return;
        }
        var take = Command.of("perl", "-e", "$x .= 'y' x (1 << 20) for 1 .. 100; print 'survived'");
        var sandbox = driver().create(spec(limits(64, 64)));
        try (sandbox) {
            assertThat(CommandRun.of(sandbox, take).exit().signaled()).isTrue();
            control(sandbox).limit(limits(256, 64));
            assertThat(CommandRun.of(sandbox, take).text()).isEqualTo("survived");
            control(sandbox).limit(limits(256, 8));
            var forks = "for i in 1 2 3 4 5 6 7 8 9 10; do sleep 60 & done; echo done";
            assertThat(CommandRun.shell(sandbox, forks).text()).doesNotContain("done");
            control(sandbox).limit(limits(256, 64));
            CommandRun.shell(sandbox, "head -c 50000000 /dev/zero > /dev/shm/kept");
            assertThatThrownBy(() -> control(sandbox).limit(limits(16, 64)))
                    .isInstanceOfSatisfying(
                            PlatformException.class,
                            refusal -> assertThat(refusal.code()).isEqualTo(ErrorCode.VALIDATION_FAILED));
            assertThat(CommandRun.shell(sandbox, "echo alive").line()).isEqualTo("alive");
        }
        assertGone(() -> control(sandbox).limit(limits(64, 64)));
    }

    private static Limits limits(long mebibytes, int processes) {
        var usual = Limits.DEFAULT;
        return new Limits(
                DataSize.ofMebibytes(mebibytes), usual.cpuMillis(), processes, usual.disk(), usual.openFiles(), 0, 0);
    }

    private static SandboxControl control(Sandbox sandbox) {
        return sandbox.control().orElseThrow();
    }

    /// The driver serves others meanwhile, which also takes long enough for a process to get on, if it did.
    private void workElsewhere() {
        for (int i = 0; i < 3; i++) {
            try (var other = create()) {
                assertThat(CommandRun.shell(other, "echo busy").line()).isEqualTo("busy");
            }
        }
    }

    private void assertWithoutControl() {
        try (var sandbox = create()) {
            assertThat(sandbox.control()).isEmpty();
        }
    }

    private static void assertGone(Runnable action) {
        assertThatThrownBy(action::run)
                .isInstanceOfSatisfying(
                        PlatformException.class,
                        failure -> assertThat(failure.code()).isEqualTo(ErrorCode.SANDBOX_FAILED));
    }
}
