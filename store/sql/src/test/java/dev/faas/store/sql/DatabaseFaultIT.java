package dev.faas.store.sql;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.faas.core.common.ErrorCode;
import dev.faas.core.common.PlatformException;
import dev.faas.core.execution.ExecutionState;
import dev.faas.testkit.execution.Requests;
import dev.faas.testkit.service.PostgresServer;
import dev.faas.testkit.service.SmallDisk;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/// A database that dies and returns, and a disk that fills up and is made room on.
final class DatabaseFaultIT {

    @Test
    void whilePostgresIsDeadCallersAreServedAndNothingAcceptedIsLost() throws Exception {
        try (var server = PostgresServer.start();
                var faas = new EngineOverStore(quick(SqlConfig.of(server.jdbcUrl(), server.user(), "")))) {
            var requests = new ArrayList<>(run(faas, 20));
            var submitted = Requests.of("true");
            faas.engine.submit(submitted.request());

            server.kill();
            requests.addAll(run(faas, 20));
            var refused = Requests.of("true");
            assertThatThrownBy(() -> faas.engine.submit(refused.request())).satisfies(isStoreUnavailable());
            assertThatThrownBy(faas.store::check).satisfies(isStoreUnavailable());
            assertThatThrownBy(() -> faas.engine.get("tenant", "exe_old")).satisfies(isStoreUnavailable());

            server.resume();
            requests.addAll(run(faas, 20));

            await().until(() -> faas.engine.journalBacklog() == 0);
            for (var request : requests) {
                assertThat(faas.stored(request).state()).isEqualTo(ExecutionState.COMPLETED);
            }
            assertThat(faas.stored(submitted).state()).isEqualTo(ExecutionState.COMPLETED);
            assertThat(faas.stored(refused).state()).isEqualTo(ExecutionState.FAILED);
        }
    }

    @Test
    void aFullDiskIsSaidAndNothingAcceptedIsLost() throws Exception {
        try (var disk = SmallDisk.ofMegabytes(8);
                var faas = new EngineOverStore(SqlConfig.of("jdbc:sqlite:" + disk.path().resolve("faas.db")))) {
            var requests = new ArrayList<>(run(faas, 5));
            await().until(() -> faas.engine.journalBacklog() == 0);

            disk.fill();
            // SQLite reuses what its log already has before it asks the disk for more.
            await().until(() -> {
                requests.addAll(runWithOutput(faas, 10));
                return isFull(faas);
            });
            requests.addAll(run(faas, 5));

            disk.makeRoom();
            await().until(() -> faas.engine.journalBacklog() == 0);
            for (var request : requests) {
                assertThat(faas.stored(request).state()).isEqualTo(ExecutionState.COMPLETED);
            }
        }
    }

    @Test
    void aDatabaseThatIsNotThereAtTheStartIsAnError() {
        var nowhere = quick(SqlConfig.of("jdbc:postgresql://127.0.0.1:1/postgres", "postgres", ""));

        assertThatThrownBy(() -> SqlStore.open(nowhere)).satisfies(isStoreUnavailable());
    }

    private static boolean isFull(EngineOverStore faas) {
        try {
            faas.engine.submit(Requests.of("true").request());
            return false;
        } catch (PlatformException refusal) {
            assertThat(refusal.code()).isEqualTo(ErrorCode.STORAGE_FULL);
            return true;
        }
    }

    private static List<Requests> run(EngineOverStore faas, int count) throws InterruptedException {
        return run(faas, count, "x");
    }

    private static List<Requests> runWithOutput(EngineOverStore faas, int count) throws InterruptedException {
        return run(faas, count, "x".repeat(10_000));
    }

    private static List<Requests> run(EngineOverStore faas, int count, String output) throws InterruptedException {
        var requests = new ArrayList<Requests>();
        for (int i = 0; i < count; i++) {
            var request = Requests.of("echo", output);
            assertThat(faas.run(request).state()).isEqualTo(ExecutionState.COMPLETED);
            requests.add(request);
        }
        return requests;
    }

    private static SqlConfig quick(SqlConfig config) {
        return new SqlConfig(
                config.url(),
                config.user(),
                config.password(),
                config.readers(),
                Duration.ofSeconds(1),
                config.busyTimeout(),
                config.lease());
    }

    private static Consumer<Throwable> isStoreUnavailable() {
        return failure -> assertThat(failure)
                .isInstanceOfSatisfying(
                        PlatformException.class,
                        refusal -> assertThat(refusal.code()).isEqualTo(ErrorCode.STORE_UNAVAILABLE));
    }
}
