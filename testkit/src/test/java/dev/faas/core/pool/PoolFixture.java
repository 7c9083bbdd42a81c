package dev.faas.core.pool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.faas.core.common.DataSize;
import dev.faas.core.image.ImageReference;
import dev.faas.core.image.ImageStore.ProgressListener;
import dev.faas.core.sandbox.Isolation;
import dev.faas.core.sandbox.Limits;
import dev.faas.core.sandbox.Network;
import dev.faas.core.sandbox.Sandbox;
import dev.faas.core.sandbox.SandboxSpec;
import dev.faas.testkit.ManualClock;
import dev.faas.testkit.sandbox.FakeSandboxDriver;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;

/// Pools over a fake technology whose clock only moves when the test says so.
final class PoolFixture implements AutoCloseable {

    static final String TENANT = "tenant";
    static final Duration IDLE_TTL = Duration.ofMinutes(5);
    static final Duration MAX_AGE = Duration.ofMinutes(30);
    static final PoolConfig CONFIG = new PoolConfig(
            6,
            4,
            DataSize.ofMebibytes(100),
            IDLE_TTL,
            MAX_AGE,
            Duration.ZERO,
            Duration.ofHours(1),
            Duration.ofDays(1));

    final ManualClock clock = new ManualClock(Instant.parse("2030-01-01T00:00:00Z"));
    final FakeSandboxDriver driver = new FakeSandboxDriver(Isolation.NATIVE, clock);
    final AtomicInteger spare = new AtomicInteger(1000);
    final SandboxPools pools;
    private final AtomicInteger orders = new AtomicInteger();

    PoolFixture() {
        this(CONFIG);
    }

    PoolFixture(PoolConfig config) {
        pools = new SandboxPools(config, spare::get, clock);
    }

    SandboxOrder order() {
        return order("faas/base", Limits.DEFAULT, new Network.None());
    }

    SandboxOrder order(Limits limits) {
        return order("faas/base", limits, new Network.None());
    }

    SandboxOrder order(String image, Limits limits, Network network) {
        return order(image, limits, network, Map.of());
    }

    SandboxOrder order(String image, Limits limits, Network network, Map<String, String> labels) {
        var reference = ImageReference.of(image);
        var id = "exe_" + orders.incrementAndGet();
        return new SandboxOrder(
                driver,
                driver.requireImage(reference, ProgressListener.SILENT),
                new SandboxSpec(id, reference, limits, network, false, id.replace('_', '-'), labels),
                TENANT);
    }

    /// Different from the default, and from that of any other number.
    static Limits limits(int processes) {
        var usual = Limits.DEFAULT;
        return new Limits(
                usual.memory(), usual.cpuMillis(), processes, usual.disk(), usual.openFiles(), 0, 0);
    }

    Sandbox acquire() {
        return pools.acquire(order());
    }

    /// Somebody comes, uses a sandbox and goes.
    void use(SandboxOrder order) {
        pools.acquire(order).destroy();
    }

    PoolStatus status() {
        return status(order());
    }

    PoolStatus status(SandboxOrder order) {
        return pools.list(TENANT).stream()
                .filter(pool -> pool.shape().equals(order.shape()))
                .findFirst()
                .orElseThrow();
    }

    void awaitAvailable(int count) {
        awaitAvailable(order(), count);
    }

    /// Exactly so many and nothing on its way.
    void awaitAvailable(SandboxOrder order, int count) {
        await().untilAsserted(() -> {
            var status = status(order);
            assertThat(status.available()).isEqualTo(count);
            assertThat(status.filling()).isZero();
        });
    }

    /// So that as many as this are asked for at once, by habit.
    void askAtOnce(int count) {
        for (int i = 0; i < count; i++) {
            use(order());
        }
    }

    @Override
    public void close() {
        driver.onCreate(spec -> {});
        driver.onDestroy(sandbox -> {});
        pools.close();
        assertThat(driver.list()).isEmpty();
    }
}
