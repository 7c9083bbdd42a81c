package dev.faas.testkit.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.faas.core.common.ErrorCode;
import dev.faas.core.common.PlatformException;
import dev.faas.core.image.ImageReference;
import dev.faas.core.sandbox.Command;
import dev.faas.core.sandbox.DriverStatus.Capability;
import dev.faas.core.sandbox.Sandbox;
import dev.faas.core.sandbox.SandboxSpec;
import java.time.Duration;
import java.util.ArrayList;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

/// Sandboxes come, are counted, and go without a trace, whatever happens to them.
public interface LifecycleContract extends SandboxFixture {

    /// What every driver has to stand at once.
    int CROWD = 200;

    @Test
    default void theStatusSaysWhatWorksHere() {
        var status = driver().status();
        assertThat(status.reason()).isEmpty();
        assertThat(status.available()).isTrue();
        assertThat(status.capabilities()).isEqualTo(expectedCapabilities());
        assertThat(status.checks()).isNotEmpty();
    }

    @Test
    default void aSandboxSaysWhatItIs() {
        var spec = spec();
        try (var sandbox = driver().create(spec)) {
            assertThat(sandbox.id()).isEqualTo(spec.id());
            assertThat(sandbox.isolation()).isEqualTo(driver().isolation());
            assertThat(sandbox.image().reference()).isEqualTo(spec.image());
            assertThat(sandbox.startTime()).isBetween(Duration.ofNanos(1), Duration.ofMinutes(1));
        }
    }

    @Test
    default void theListHoldsTheLiving() {
        var sandbox = create();
        assertThat(driver().list()).contains(sandbox.id());
        sandbox.destroy();
        assertThat(driver().list()).doesNotContain(sandbox.id());
    }

    @Test
    default void destroyingTwiceIsAllRight() {
        var sandbox = create();
        CommandRun.shell(sandbox, "true");
        var first = sandbox.destroy();
        assertThat(sandbox.destroy()).isEqualTo(first);
        sandbox.close();
        assertThatThrownBy(() -> sandbox.start(Command.of("true")))
                .isInstanceOfSatisfying(PlatformException.class, refusal ->
                        assertThat(refusal.code()).isEqualTo(ErrorCode.SANDBOX_FAILED));
    }

    @Test
    default void destroyingReleasesWhoeverWaits() throws Exception {
        var sandbox = create();
        var process = sandbox.start(Command.of("sleep", "1000"));
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var waiting = threads.submit(process::waitFor);
            sandbox.destroy();
            assertLost(waiting::get, "destroyed");
        }
    }

    @Test
    default void anIdIsUnique() {
        var spec = spec();
        try (var first = driver().create(spec)) {
            assertThatThrownBy(() -> driver().create(spec))
                    .isInstanceOfSatisfying(PlatformException.class, refusal ->
                            assertThat(refusal.code()).isEqualTo(ErrorCode.CONFLICT));
            assertThat(CommandRun.shell(first, "echo alive").line()).isEqualTo("alive");
        }
    }

    @Test
    default void anImageThatIsNotHereIsRefused() {
        var spec = spec();
        var missing = new SandboxSpec(
                spec.id(),
                ImageReference.of("faas-test/no-such-image:1"),
                spec.limits(),
                spec.network(),
                false,
                spec.hostname(),
                spec.labels());
        assertThatThrownBy(() -> driver().create(missing))
                .isInstanceOfSatisfying(PlatformException.class, refusal ->
                        assertThat(refusal.code()).isEqualTo(ErrorCode.IMAGE_NOT_FOUND));
        assertThat(driver().list()).doesNotContain(spec.id());
    }

    @Test
    default void sandboxesShareNothing() {
        try (var one = create();
                var other = create()) {
            CommandRun.shell(one, "echo secret > /tmp/only-here");
            var seen = CommandRun.shell(other, "cat /tmp/only-here");
            if (offers(Capability.NETWORK_NONE)) {
                assertThat(seen.exit().code()).isNotZero();
            } else {
                // No isolation, and the driver doesn't pretend otherwise.
                assertThat(driver().isolation().strength()).isEqualTo("none");
            }
            CommandRun.shell(one, "rm -f /tmp/only-here");
        }
    }

    @Test
    default void aCrowdLivesAtOnce() throws Exception {
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var starting = new ArrayList<Future<Sandbox>>();
            for (int i = 0; i < CROWD; i++) {
                starting.add(threads.submit((Callable<Sandbox>) this::create));
            }
            var answers = new ArrayList<Future<String>>();
            for (var future : starting) {
                var sandbox = future.get();
                answers.add(threads.submit(() -> CommandRun.shell(sandbox, "echo " + sandbox.id()).line()));
            }
            for (int i = 0; i < CROWD; i++) {
                assertThat(answers.get(i).get()).isEqualTo(starting.get(i).get().id());
            }
            assertThat(driver().list()).hasSizeGreaterThanOrEqualTo(CROWD);
            var ending = new ArrayList<Future<?>>();
            for (var future : starting) {
                ending.add(threads.submit(() -> future.get().destroy()));
            }
            for (var future : ending) {
                future.get();
            }
        }
    }

    @Test
    default void twoHundredProcessesRunAtOnce() throws Exception {
        try (var sandbox = create();
                var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var runs = new ArrayList<Future<CommandRun>>();
            for (int i = 0; i < CROWD; i++) {
                var script = "echo " + i + "; sleep 0.2; exit " + i;
                runs.add(threads.submit(() -> CommandRun.shell(sandbox, script)));
            }
            for (int i = 0; i < runs.size(); i++) {
                var run = runs.get(i).get();
                assertThat(run.line()).isEqualTo(String.valueOf(i));
                assertThat(run.exit().code()).isEqualTo(i);
            }
        }
    }

    @Test
    default void statisticsAreTheKernels() {
        try (var sandbox = create()) {
            CommandRun.of(sandbox, Command.of("perl", "-e", "1 for 1 .. 20_000_000"));
            var stats = sandbox.stats();
            if (offers(Capability.CPU_LIMIT)) {
                assertThat(stats.cpuTime()).isGreaterThan(Duration.ofMillis(20));
                assertThat(stats.processes()).isPositive();
            }
            if (offers(Capability.MEMORY_LIMIT)) {
                assertThat(stats.memoryPeakBytes()).isPositive();
            }
            assertThat(stats.oomKills()).isZero();
            assertThat(sandbox.destroy().cpuTime()).isGreaterThanOrEqualTo(stats.cpuTime());
        }
    }

    @Test
    default void aLostSandboxIsReportedAndForgotten() throws Exception {
        var sandbox = create();
        var process = sandbox.start(Command.of("sleep", "1000"));
        killAgent(sandbox);

        assertLost(process::waitFor, "lost");
        assertLost(() -> sandbox.start(Command.of("true")), "lost");
        sandbox.destroy();
        assertThat(driver().list()).doesNotContain(sandbox.id());
        try (var next = create()) {
            assertThat(CommandRun.shell(next, "echo fine").line()).isEqualTo("fine");
        }
    }

    private static void assertLost(Callable<?> use, String reason) {
        assertThatThrownBy(use::call).satisfies(failure -> {
            var cause = failure instanceof PlatformException ? failure : failure.getCause();
            assertThat(cause).isInstanceOfSatisfying(PlatformException.class, lost ->
                    assertThat(lost.code()).isEqualTo(ErrorCode.SANDBOX_FAILED));
            assertThat(cause).hasMessageContaining(reason);
        });
    }
}
