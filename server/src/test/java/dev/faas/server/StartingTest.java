package dev.faas.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class StartingTest {

    private final AtomicInteger closed = new AtomicInteger();

    @Test
    void handsOverWhatStartedAndClosesIt() {
        var begin = new CountDownLatch(1);
        var starting = Starting.begin("part", () -> {
            await(begin);
            return "component";
        }, component -> closed.incrementAndGet());
        begin.countDown();
        assertThat(starting.get()).isEqualTo("component");
        starting.close();
        assertThat(closed).hasValue(1);
    }

    @Test
    void closesWhatNobodyTookAsWell() {
        Starting.begin("part", () -> "component", component -> closed.incrementAndGet()).close();
        assertThat(closed).hasValue(1);
    }

    @Test
    void aFailureIsTheWaitersAndLeavesNothingToClose() {
        var starting = Starting.<String>begin("part", () -> {
            throw new IllegalStateException("no room");
        }, component -> closed.incrementAndGet());
        assertThatThrownBy(starting::get).isInstanceOf(IllegalStateException.class).hasMessage("no room");
        assertThatCode(starting::close).doesNotThrowAnyException();
        assertThat(closed).hasValue(0);
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
