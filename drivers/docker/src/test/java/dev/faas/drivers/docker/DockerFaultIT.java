package dev.faas.drivers.docker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.faas.core.common.ErrorCode;
import dev.faas.core.common.PlatformException;
import dev.faas.core.sandbox.Command;
import dev.faas.core.sandbox.Limits;
import dev.faas.core.sandbox.Network;
import dev.faas.core.sandbox.Sandbox;
import dev.faas.core.sandbox.SandboxSpec;
import dev.faas.store.image.FileImageStore;
import dev.faas.testkit.sandbox.CommandRun;
import dev.faas.testkit.service.DockerEngine;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/// What breaks from outside: the engine, its containers, this platform. Nothing is lost silently and nothing is left.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class DockerFaultIT {

    private static final Duration LIMIT = Duration.ofSeconds(30);

    private DockerEngine engine;
    private FileImageStore images;

    @TempDir
    private Path run;

    @BeforeAll
    void start() {
        engine = DockerEngine.start();
        images = DockerMachine.images();
    }

    @AfterAll
    void stop() {
        images.close();
        engine.close();
    }

    @Test
    void anEngineThatCrashesLosesItsSandboxesAndIsUsedAgain() throws Exception {
        try (var driver = DockerMachine.start(engine, images, run)) {
            var sandbox = create(driver, "crash");
            var process = sandbox.start(Command.of("sleep", "1000"));
            engine.kill();
            assertFails(process::waitFor, ErrorCode.SANDBOX_FAILED, "lost");
            assertFails(() -> create(driver, "while-away"), ErrorCode.SANDBOX_FAILED, engine.host());
            assertFails(sandbox::destroy, ErrorCode.RUNTIME_FAILED, "will be removed when the engine allows it");
            assertThat(driver.list()).isEmpty();
            Awaitility.await().atMost(LIMIT).untilAsserted(() -> assertThat(driver.status().available()).isFalse());
            assertThat(driver.status().reason()).isNotEmpty();
            assertThat(driver.status().checks().getFirst().fix()).contains("DOCKER_HOST");

            engine.restart();
            Awaitility.await().atMost(LIMIT).untilAsserted(() -> assertThat(driver.status().available()).isTrue());
            Awaitility.await().atMost(LIMIT).untilAsserted(() -> assertThat(containers()).isEmpty());
            try (var next = create(driver, "afterwards")) {
                assertThat(CommandRun.shell(next, "echo fine").line()).isEqualTo("fine");
            }
        }
        assertThat(DockerMachine.inventory(engine)).isEmpty();
    }

    @Test
    void aContainerKilledFromOutsideSaysHowItEnded() {
        try (var driver = DockerMachine.start(engine, images, run)) {
            try (var sandbox = create(driver, "killed")) {
                var process = sandbox.start(Command.of("sleep", "1000"));
                engine.docker("kill", "faas-killed");
                assertFails(process::waitFor, ErrorCode.SANDBOX_FAILED, "signal 9");
            }
            try (var sandbox = create(driver, "removed")) {
                var process = sandbox.start(Command.of("sleep", "1000"));
                engine.docker("rm", "--force", "faas-removed");
                assertFails(process::waitFor, ErrorCode.SANDBOX_FAILED, "lost");
            }
        }
        assertThat(DockerMachine.inventory(engine)).isEmpty();
    }

    @Test
    void whatAKilledPlatformLeftGoesAtTheNextStart() throws Exception {
        try (var neighbour = DockerMachine.start(engine, images, run);
                var kept = create(neighbour, "neighbour")) {
            var victim = Victim.start(engine, run);
            assertThat(containers()).contains("container faas-" + Victim.SANDBOX);
            assertThat(firewalls()).isEqualTo(2);
            victim.destroyForcibly().waitFor();
            // Its agent reads end of file and ends, but the container is there until somebody removes it.
            Awaitility.await()
                    .atMost(LIMIT)
                    .untilAsserted(() -> assertThat(running()).containsExactly("faas-neighbour"));
            // As long as its network is there, so is what guards it.
            assertThat(firewalls()).isEqualTo(2);

            try (var next = DockerMachine.start(engine, images, run)) {
                assertThat(next.list()).isEmpty();
                assertThat(containers()).containsExactly("container faas-neighbour");
                assertThat(firewalls()).isEqualTo(1);
                assertThat(CommandRun.shell(kept, "echo still here").line()).isEqualTo("still here");
            }
        }
        assertThat(DockerMachine.inventory(engine)).isEmpty();
        assertThat(firewalls()).isZero();
        try (var left = Files.list(run)) {
            assertThat(left).isEmpty();
        }
    }

    @Test
    void whatSandboxesShareIsMadeAgainWhenSomebodyRemovesIt() {
        try (var driver = DockerMachine.start(engine, images, run)) {
            create(driver, "first").destroy();
            DockerMachine.inventory(engine).forEach(line -> {
                var words = line.split(" ");
                engine.docker(words[0], "rm", words[1]);
            });
            Awaitility.await().atMost(LIMIT).ignoreExceptions().untilAsserted(() -> {
                try (var sandbox = create(driver, "second")) {
                    assertThat(CommandRun.shell(sandbox, "echo fine").line()).isEqualTo("fine");
                }
            });
        }
        assertThat(DockerMachine.inventory(engine)).isEmpty();
    }

    @Test
    void closingADriverDestroysItsSandboxes() {
        var driver = DockerMachine.start(engine, images, run);
        var sandbox = create(driver, "open");
        driver.close();
        assertFails(() -> sandbox.start(Command.of("true")), ErrorCode.SANDBOX_FAILED, "destroyed");
        assertFails(() -> create(driver, "late"), ErrorCode.SHUTTING_DOWN, "closed");
        assertThat(DockerMachine.inventory(engine)).isEmpty();
    }

    @Test
    void anEngineThatIsNotThereIsReportedWithAFix() {
        var config = DockerMachine.config(engine, run).withHost("unix://" + run.resolve("no.sock"));
        var log = (Logger) LoggerFactory.getLogger(DockerDriver.class.getPackageName());
        var written = new ListAppender<ILoggingEvent>();
        written.start();
        log.addAppender(written);
        try (var driver = DockerDriver.start(config, images, DockerMachine.NOBODY)) {
            var status = driver.status();
            assertThat(status.available()).isFalse();
            assertThat(status.capabilities()).isEmpty();
            assertThat(status.checks().getFirst().fix()).contains("no.sock");
            assertFails(() -> create(driver, "nowhere"), ErrorCode.SANDBOX_FAILED, "no.sock");
        }
        log.detachAppender(written);
        // Nobody needs to hear of it at each stop of a platform without an engine.
        assertThat(written.list).noneMatch(event -> event.getLevel().isGreaterOrEqual(Level.INFO));
    }

    static Sandbox create(DockerDriver driver, String id) {
        return driver.create(new SandboxSpec(
                id,
                DockerMachine.IMAGE,
                Limits.DEFAULT,
                new Network.Nat(List.of(), true, List.of()),
                false,
                "guest",
                Map.of()));
    }

    private List<String> containers() {
        return DockerMachine.inventory(engine).stream()
                .filter(line -> line.startsWith("container "))
                .toList();
    }

    /// Of instances' bridges.
    private long firewalls() {
        return engine.firewall().lines().filter(line -> line.startsWith("table ip faasd")).count();
    }

    private List<String> running() {
        return engine.docker("ps", "--format", "{{.Names}}").lines().toList();
    }

    private static void assertFails(
            ThrowingCallable use, ErrorCode code, String words) {
        assertThatThrownBy(use).isInstanceOfSatisfying(PlatformException.class, failure -> {
            assertThat(failure.code()).isEqualTo(code);
            assertThat(failure).hasMessageContaining(words);
        });
    }
}
