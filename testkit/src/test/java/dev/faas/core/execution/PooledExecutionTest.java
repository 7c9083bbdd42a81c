package dev.faas.core.execution;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.faas.core.common.DataSize;
import dev.faas.core.common.ErrorCode;
import dev.faas.core.common.PlatformException;
import dev.faas.core.pool.PoolConfig;
import dev.faas.core.sandbox.Network;
import dev.faas.core.sandbox.Origin;
import dev.faas.testkit.execution.Requests;
import dev.faas.testkit.sandbox.FakeSandbox;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// Executions in sandboxes that were made before they came.
final class PooledExecutionTest {

    private static final PoolConfig POOLS = new PoolConfig(
            3,
            3,
            DataSize.ofMebibytes(100),
            Duration.ofMinutes(5),
            Duration.ofMinutes(30),
            Duration.ZERO,
            Duration.ofHours(1),
            Duration.ofDays(1));

    private final EngineFixture fixture = new EngineFixture(EngineFixture.config(4, 4).withPools(POOLS), List.of());

    @AfterEach
    void close() {
        fixture.close();
    }

    @Test
    void saysThatTheSandboxWasReady() throws InterruptedException {
        assertThat(fixture.run(Requests.shell("echo x")).result().orElseThrow().origin()).isEqualTo(Origin.COLD);
        fixture.run(Requests.shell("echo x"));
        awaitReady(2);

        var result = fixture.run(Requests.shell("echo x")).result().orElseThrow();

        assertThat(result.origin()).isEqualTo(Origin.POOLED);
        assertThat(result.stdout()).asString().isEqualTo("x\n");
    }

    @Test
    void noSandboxServesTwoExecutions() throws InterruptedException {
        fillPool(new Network.None());
        var before = fixture.driver.list();
        fixture.run(Requests.shell("echo secret > /tmp/left"));
        // The third at this moment by the clock: one more is wanted.
        awaitReady(3);

        assertThat(fixture.driver.list()).isNotEqualTo(before);
        assertThat(fixture.run(Requests.shell("cat /tmp/left")).result().orElseThrow().outcome())
                .isNotEqualTo(new Outcome.Exited(0));
    }

    @Test
    void oneThatProvesBrokenIsReplacedByANewOne() throws InterruptedException {
        fillPool(new Network.None());
        fixture.driver.onStart(PooledExecutionTest::loseIfPooled);

        var result = fixture.run(Requests.shell("echo x")).result().orElseThrow();

        assertThat(result.outcome()).isEqualTo(new Outcome.Exited(0));
        assertThat(result.origin()).isEqualTo(Origin.COLD);
    }

    @Test
    void aNewOneThatProvesBrokenIsNotReplaced() throws InterruptedException {
        fillPool(new Network.None());
        fixture.driver.onStart(FakeSandbox::lose);

        assertThatThrownBy(() -> fixture.run(Requests.of("true")))
                .isInstanceOfSatisfying(PlatformException.class, failure ->
                        assertThat(failure.code()).isEqualTo(ErrorCode.SANDBOX_FAILED));
    }

    /// It may have begun, and somebody outside may have seen it.
    @Test
    void aCommandThatReachesTheOutsideIsNotBegunTwice() throws InterruptedException {
        var nat = new Network.Nat(List.of(), true, List.of());
        fillPool(nat);
        fixture.driver.onStart(PooledExecutionTest::loseIfPooled);

        assertThatThrownBy(() -> fixture.run(Requests.of("true").network(nat)))
                .isInstanceOfSatisfying(PlatformException.class, failure ->
                        assertThat(failure.code()).isEqualTo(ErrorCode.SANDBOX_FAILED));
    }

    @Test
    void nothingIsLeftWhenTheEngineIsClosed() throws InterruptedException {
        fillPool(new Network.None());

        fixture.engine.close();

        assertThat(fixture.driver.list()).isEmpty();
    }

    private static void loseIfPooled(FakeSandbox sandbox) {
        if (sandbox.id().startsWith("sb_")) {
            sandbox.lose();
        }
    }

    private void fillPool(Network network) throws InterruptedException {
        fixture.run(Requests.of("true").network(network));
        fixture.run(Requests.of("true").network(network));
        awaitReady(2);
    }

    private void awaitReady(int count) {
        await().until(() -> fixture.engine.pools().list("tenant").getFirst().available() == count);
    }
}
