package dev.faas.core.execution;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.faas.testkit.execution.Requests;
import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

final class ManyExecutionsTest {

    @Test
    void aThousandAtOnceAreAllAnsweredWithinTheBound() throws Exception {
        try (var fixture = new EngineFixture(50, 1000);
                var callers = Executors.newVirtualThreadPerTaskExecutor()) {
            fixture.repository.setAway(true);
            var answers = IntStream.range(0, 1000)
                    .mapToObj(i -> callers.submit(() ->
                            fixture.run(Requests.of("echo", String.valueOf(i)).tenant("tenant" + i % 7))))
                    .toList();
            for (int i = 0; i < answers.size(); i++) {
                assertThat(answers.get(i).get().result().orElseThrow().stdout()).asString().isEqualTo(i + "\n");
            }
            fixture.awaitIdle();
            fixture.repository.setAway(false);
            await().until(() -> {
                fixture.clock.advance(Duration.ofSeconds(1));
                return fixture.engine.journalBacklog() == 0;
            });
            assertThat(fixture.driver.created()).isEqualTo(1000);
            assertThat(fixture.driver.mostAlive()).isLessThanOrEqualTo(50);
            assertThat(fixture.repository.transactions()).as("a hundred records a transaction").isEqualTo(10);
            await().until(() -> fixture.clock.pendingAlarms() == EngineFixture.STANDING_ALARMS);
        }
    }

    @Test
    void aThousandCanRunAtOnce() throws Exception {
        try (var fixture = new EngineFixture(1000, 0);
                var callers = Executors.newVirtualThreadPerTaskExecutor()) {
            var answers = IntStream.range(0, 1000)
                    .mapToObj(i -> callers.submit(() -> fixture.run(Requests.of("cat").stdin("x"))))
                    .toList();
            for (var answer : answers) {
                assertThat(answer.get().state()).isEqualTo(ExecutionState.COMPLETED);
            }
            fixture.awaitIdle();
        }
    }
}
