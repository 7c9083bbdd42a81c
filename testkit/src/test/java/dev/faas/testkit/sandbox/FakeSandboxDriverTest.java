package dev.faas.testkit.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.faas.core.common.ErrorCode;
import dev.faas.core.common.PlatformException;
import dev.faas.core.image.ImageReference;
import dev.faas.core.sandbox.Command;
import dev.faas.core.sandbox.Isolation;
import dev.faas.core.sandbox.Limits;
import dev.faas.core.sandbox.Network;
import dev.faas.core.sandbox.SandboxSpec;
import dev.faas.testkit.ManualClock;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/// The fake keeps to what [LifecycleContract] and [ProcessContract] ask of real technologies, as far as there can be no kernel behind it.
final class FakeSandboxDriverTest {

    private final ManualClock clock = new ManualClock(Instant.EPOCH);
    private final FakeSandboxDriver driver = new FakeSandboxDriver(Isolation.NATIVE, clock);

    @Test
    void aSandboxIsListedUntilItIsDestroyed() {
        var sandbox = driver.create(spec("one", "faas/base"));
        assertThat(driver.list()).containsExactly("one");

        assertThat(sandbox.destroy()).isEqualTo(sandbox.destroy());

        assertThat(driver.list()).isEmpty();
        assertThatThrownBy(() -> sandbox.start(Command.of("true"))).satisfies(is(ErrorCode.SANDBOX_FAILED));
    }

    @Test
    void anIdIsUniqueAndAnImageMustBeHere() {
        driver.create(spec("one", "faas/base"));

        assertThatThrownBy(() -> driver.create(spec("one", "faas/base"))).satisfies(is(ErrorCode.CONFLICT));
        assertThatThrownBy(() -> driver.create(spec("two", "missing"))).satisfies(is(ErrorCode.IMAGE_NOT_FOUND));
    }

    @Test
    void destroyingReleasesWhoeverWaits() {
        var sandbox = driver.create(spec("one", "faas/base"));
        var process = sandbox.start(Command.of("sleep"));
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var waiting = threads.submit(process::waitFor);
            sandbox.destroy();
            assertThatThrownBy(waiting::get).cause().satisfies(is(ErrorCode.SANDBOX_FAILED)).hasMessageContaining("destroyed");
        }
    }

    @Test
    void outputIsByteExactAndStreamsAreApart() throws Exception {
        var process = driver.create(spec("one", "faas/base")).start(Command.shell("echo out; echo err >&2; exit 3"));

        assertThat(process.stdout().readAllBytes()).asString().isEqualTo("out\n");
        assertThat(process.stderr().readAllBytes()).asString().isEqualTo("err\n");
        assertThat(process.waitFor().code()).isEqualTo(3);
    }

    @Test
    void aTimeLimitKills() throws Exception {
        var process = driver.create(spec("one", "faas/base"))
                .start(Command.of("sleep").withTimeout(Duration.ofSeconds(1)));

        clock.advance(Duration.ofSeconds(1));

        assertThat(process.waitFor().timedOut()).isTrue();
        assertThat(process.waitFor().shellCode()).isEqualTo(137);
    }

    private static SandboxSpec spec(String id, String image) {
        return new SandboxSpec(
                id, ImageReference.of(image), Limits.DEFAULT, new Network.None(), false, "guest", Map.of());
    }

    private static Consumer<Throwable> is(ErrorCode code) {
        return failure -> assertThat(failure)
                .isInstanceOfSatisfying(
                        PlatformException.class, refusal -> assertThat(refusal.code()).isEqualTo(code));
    }
}
