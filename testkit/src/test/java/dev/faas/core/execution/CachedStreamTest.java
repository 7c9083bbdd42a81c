package dev.faas.core.execution;

import static dev.faas.core.execution.CacheUse.Kind.HIT;
import static dev.faas.core.execution.CacheUse.Kind.JOINED;
import static dev.faas.core.execution.ExecutionState.CANCELLED;
import static dev.faas.core.execution.ExecutionState.RUNNING;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.faas.testkit.execution.Requests;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// Who follows an execution in the mode `cached` sees the same as who ran the command.
final class CachedStreamTest {

    private final EngineFixture fixture = new EngineFixture();
    private final CountDownLatch gate = new CountDownLatch(1);

    CachedStreamTest() {
        fixture.driver.addProgram("steps", context -> {
            context.print("one");
            gate.await();
            context.print("two");
            return 0;
        });
    }

    @AfterEach
    void close() {
        gate.countDown();
        fixture.close();
    }

    @Test
    void everybodySeesItFromTheBeginning() throws Exception {
        var first = new Heard();
        var leader = start(request(), first);
        await().until(() -> first.text().equals("one\n"));
        var second = new Heard();
        var joined = start(request(), second);
        await().until(() -> second.text().equals("one\n"));
        gate.countDown();

        leader.get();
        assertThat(joined.get().cache().orElseThrow().kind()).isEqualTo(JOINED);
        assertThat(first.text()).isEqualTo("one\ntwo\n");
        assertThat(second.text()).isEqualTo("one\ntwo\n");
        assertThat(second.sandbox).isEqualTo(first.sandbox).isNotEmpty();
    }

    @Test
    void aHitIsToldAsAWhole() throws Exception {
        gate.countDown();
        fixture.run(request());
        await().until(() -> fixture.cache.statistics("tenant").entries() == 1);

        var heard = new Heard();
        var hit = fixture.engine.run(request().request(), heard);

        assertThat(hit.cache().orElseThrow().kind()).isEqualTo(HIT);
        assertThat(heard.text()).isEqualTo("one\ntwo\n");
        assertThat(heard.sandbox).as("there was none").isEmpty();
    }

    @Test
    void aSlowFollowerHoldsNobodyUp() throws Exception {
        var isStuck = new CountDownLatch(1);
        var stuck = start(request(), new ExecutionListener() {
            @Override
            public void stdout(byte[] bytes, int offset, int length) {
                awaitOpened(isStuck);
            }
        });
        var quick = start(request(), ExecutionListener.SILENT);
        gate.countDown();

        assertThat(quick.get().result()).isPresent();
        assertThat(stuck.isDone()).isFalse();
        isStuck.countDown();
        assertThat(stuck.get().result()).isPresent();
    }

    @Test
    void aFollowerThatGoesAwayEndsOnlyItself() throws Exception {
        var other = start(request(), ExecutionListener.SILENT);
        var gone = start(request(), new ExecutionListener() {
            @Override
            public void stdout(byte[] bytes, int offset, int length) {
                throw new IllegalStateException("the client is gone");
            }
        });

        assertThat(gone.get().state()).isEqualTo(CANCELLED);
        gate.countDown();
        assertThat(new String(other.get().result().orElseThrow().stdout(), StandardCharsets.UTF_8)).isEqualTo("one\ntwo\n");
    }

    private static Requests request() {
        return Requests.of("steps").cached(CachePolicy.DEFAULT);
    }

    private Future<ExecutionRecord> start(Requests request, ExecutionListener listener) {
        var answer = fixture.inBackground(() -> fixture.engine.run(request.request(), listener));
        await().ignoreExceptions().until(() -> fixture.current(request).state() != ExecutionState.QUEUED);
        assertThat(fixture.current(request).state()).isIn(RUNNING, CANCELLED);
        return answer;
    }

    private static void awaitOpened(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private static final class Heard implements ExecutionListener {

        private final ByteArrayOutputStream stdout = new ByteArrayOutputStream();
        private volatile String sandbox = "unknown";

        @Override
        public void started(String sandboxId) {
            sandbox = sandboxId;
        }

        @Override
        public void stdout(byte[] bytes, int offset, int length) {
            stdout.write(bytes, offset, length);
        }

        String text() {
            return stdout.toString(StandardCharsets.UTF_8);
        }
    }
}
