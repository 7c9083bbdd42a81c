package dev.faas.store.sql;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.faas.core.common.ErrorCode;
import dev.faas.core.common.PlatformException;
import dev.faas.core.execution.ExecutionRecord;
import dev.faas.core.execution.ExecutionRepository.Query;
import dev.faas.core.execution.ExecutionState;
import dev.faas.testkit.execution.Records;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.jdbi.v3.core.Jdbi;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Several processes on one file: they write side by side, and one that is killed is found out.
final class SqliteProcessesIT {

    private final List<Process> servers = new ArrayList<>();

    @TempDir
    private Path directory = Path.of("");

    @AfterEach
    void endServers() {
        servers.forEach(server -> server.destroyForcibly().onExit().join());
    }

    @Test
    void whatAKilledServerRanHasFailedAtTheNextStart() throws Exception {
        var crashing = startServer("exe_", 3);

        try (var store = SqlStore.open(config())) {
            assertThat(store.executions().failUnfinished("server stopped", Instant.now())).isZero();
            crashing.destroyForcibly().onExit().join();

            assertThat(store.executions().failUnfinished("server stopped", Instant.now())).isEqualTo(3);

            assertThat(states(store)).containsOnly(ExecutionState.FAILED).hasSize(3);
        }
    }

    @Test
    void processesWriteSideBySide() throws Exception {
        startServer("exe_a", 50);
        startServer("exe_b", 50);

        try (var store = SqlStore.open(config())) {
            IntStream.range(0, 50).forEach(i -> store.executions().save(List.of(Records.queued("exe_c" + i))));
            assertThat(states(store)).hasSize(150);
        }
    }

    @Test
    void aServerElsewhereIsDeadWhenItsLeaseHasRunOut() {
        var elsewhere = new ServerIdentity("srv_elsewhere", "another machine", 1, Instant.EPOCH);
        try (var store = SqlStore.open(config());
                var other = SqlStore.open(config(), elsewhere)) {
            other.executions().save(List.of(Records.queued("exe_1")));
            assertThat(store.executions().failUnfinished("server stopped", Instant.now())).isZero();

            Jdbi.create(config().url()).useHandle(handle ->
                    handle.execute("UPDATE servers SET seen_at = 0 WHERE id = 'srv_elsewhere'"));

            assertThat(store.executions().failUnfinished("server stopped", Instant.now())).isEqualTo(1);
        }
    }

    @Test
    void aServerThatWasTakenForDeadDoesNotFailItsOwn() {
        try (var store = SqlStore.open(config())) {
            store.executions().save(List.of(Records.queued("exe_1")));
            Jdbi.create(config().url()).useHandle(handle -> handle.execute("DELETE FROM servers"));

            assertThat(store.executions().failUnfinished("server stopped", Instant.now())).isZero();
        }
    }

    @Test
    void aProcessIdThatIsUsedAgainIsNotTheSameServer() {
        var self = ServerIdentity.ofThisProcess();

        assertThat(self.isCertainlyDead()).isFalse();
        assertThat(new ServerIdentity("srv_1", self.host(), self.pid(), Instant.EPOCH).isCertainlyDead())
                .isTrue();
        assertThat(new ServerIdentity("srv_1", "another machine", 1, Instant.EPOCH).isCertainlyDead())
                .isFalse();
    }

    @Test
    void manyCanMakeTheSchemaAtOnce() throws IOException {
        var starting = new ArrayList<Process>();
        for (int i = 0; i < 3; i++) {
            starting.add(launchServer("exe_" + i + "_", 1));
        }

        for (var server : starting) {
            awaitReady(server);
        }
        try (var store = SqlStore.open(config())) {
            assertThat(states(store)).hasSize(3);
        }
    }

    @Test
    void theNewestMigrationIsTheOneThisProgramKnows() throws IOException {
        var here = Path.of(System.getProperty("basedir"), "src/main/resources/db/migration");
        try (var files = Files.list(here)) {
            var newest = files.map(file -> file.getFileName().toString())
                    .mapToInt(name -> Integer.parseInt(name.substring(1, name.indexOf("__"))))
                    .max();
            assertThat(newest).hasValue(SchemaMigration.NEWEST);
        }
    }

    @Test
    void aDatabaseOfANewerProgramIsLeftAlone() {
        SqlStore.open(config()).close();
        Jdbi.create(config().url()).useHandle(handle ->
                handle.execute("UPDATE flyway_schema_history SET version = '999' WHERE version = '1'"));

        assertThatThrownBy(() -> SqlStore.open(config()))
                .hasMessageContaining("999")
                .isInstanceOfSatisfying(
                        PlatformException.class,
                        refusal -> assertThat(refusal.code()).isEqualTo(ErrorCode.STORE_UNAVAILABLE));
    }

    @Test
    void whatIsNoDatabaseIsLeftAlone() throws IOException {
        Files.writeString(directory.resolve("faas.db"), "not a database at all, but longer than a header of SQLite is");

        assertThatThrownBy(() -> SqlStore.open(config())).isInstanceOf(PlatformException.class);
    }

    private SqlConfig config() {
        return SqlConfig.of("jdbc:sqlite:" + directory.resolve("faas.db"));
    }

    private Process startServer(String prefix, int count) throws IOException {
        var server = launchServer(prefix, count);
        awaitReady(server);
        return server;
    }

    private Process launchServer(String prefix, int count) throws IOException {
        var java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        var server = new ProcessBuilder(
                        java,
                        "--enable-native-access=ALL-UNNAMED",
                        "-cp",
                        System.getProperty("java.class.path"),
                        CrashingServer.class.getName(),
                        config().url(),
                        prefix,
                        String.valueOf(count))
                .redirectError(ProcessBuilder.Redirect.appendTo(directory.resolve("log").toFile()))
                .start();
        servers.add(server);
        return server;
    }

    private void awaitReady(Process server) throws IOException {
        var output = new BufferedReader(new InputStreamReader(server.getInputStream(), StandardCharsets.UTF_8));
        assertThat(output.readLine())
                .as(() -> "the server's first words; on its error stream: " + log())
                .isEqualTo(CrashingServer.READY);
    }

    private String log() {
        try {
            return Files.readString(directory.resolve("log"));
        } catch (IOException unreadable) {
            return unreadable.toString();
        }
    }

    private static List<ExecutionState> states(SqlStore store) {
        var query = new Query(
                Records.TENANT,
                Optional.empty(),
                Optional.empty(),
                Map.of(),
                Optional.empty(),
                Optional.empty(),
                1000,
                Optional.empty());
        return store.executions().list(query).records().stream().map(ExecutionRecord::state).toList();
    }
}
