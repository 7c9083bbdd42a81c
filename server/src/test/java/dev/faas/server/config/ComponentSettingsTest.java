package dev.faas.server.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.faas.core.cache.ResultCacheConfig;
import dev.faas.core.common.DataSize;
import dev.faas.server.config.DriversConfig.Docker;
import dev.faas.server.config.DriversConfig.Native;
import dev.faas.server.config.DriversConfig.Pools;
import dev.faas.store.image.ImageStoreConfig;
import dev.faas.store.image.ImageStoreConfig.Registry;
import dev.faas.store.image.UnpackLimits;
import dev.faas.store.sql.SqlConfig;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

/// The two cases of the smaller components.
class ComponentSettingsTest {

    private static final Path DATA = Path.of("/data");
    private static final Path HOME = Path.of("/opt/faas");

    @Test
    void logTakesItsDefaults() {
        TwoCases.assertDefaults(LogConfig::read, new LogConfig("info", LogConfig.Format.AUTO, ""));
    }

    @Test
    void logMapsEveryKey() {
        TwoCases.assertEveryKeyIsMapped(
                LogConfig::read,
                Map.of("log.level", "debug", "log.format", "json", "server.name", "w1"),
                new LogConfig("debug", LogConfig.Format.JSON, "w1"));
    }

    @Test
    void namesOfEarlierSystemsAreTakenOrRefused() {
        var known = new Surroundings(HOME, DATA, Map.of("WORKER_ID", "worker-7", "STORAGE_TYPE", "local"));
        assertThat(ServerConfig.load(known, Optional.empty(), Map.of()).log().server()).isEqualTo("worker-7");
        var elsewhere = new Surroundings(HOME, DATA, Map.of("STORAGE_TYPE", "s3"));
        assertThatThrownBy(() -> ServerConfig.load(elsewhere, Optional.empty(), Map.of()))
                .isInstanceOfSatisfying(ConfigException.class, refusal -> assertThat(refusal.problems())
                        .containsExactly("environment: STORAGE_TYPE = 's3' can't be used; expected: local"));
    }

    @Test
    void theDatabaseIsAFileInTheDataDirectory() {
        TwoCases.assertDefaults(settings -> DatabaseSettings.read(settings, DATA), SqlConfig.of("jdbc:sqlite:/data/faas.db"));
    }

    @Test
    void theDatabaseMapsEveryKey() {
        var written = Map.ofEntries(
                Map.entry("db.url", "jdbc:postgresql://elsewhere:1/x"),
                Map.entry("db.host", "ignored"),
                Map.entry("db.port", "2"),
                Map.entry("db.name", "n"),
                Map.entry("db.sslmode", "require"),
                Map.entry("db.user", "u"),
                Map.entry("db.password", "p"),
                Map.entry("db.readers", "3"),
                Map.entry("db.connect-timeout", "4s"),
                Map.entry("db.busy-timeout", "6s"),
                Map.entry("db.lease", "7s"));
        TwoCases.assertEveryKeyIsMapped(
                settings -> DatabaseSettings.read(settings, DATA),
                written,
                new SqlConfig("jdbc:postgresql://elsewhere:1/x", "u", "p", 3, seconds(4), seconds(6), seconds(7)));
    }

    @Test
    void aHostMeansPostgresql() {
        var settings = new Settings(List.of(Source.environment(
                Map.of("DB_HOST", "db", "DB_PORT", "5433", "DB_USER", "me", "DB_PASSWORD", "pw", "DB_NAME", "runs"))));
        var config = DatabaseSettings.read(settings, DATA);
        assertThat(config).isEqualTo(SqlConfig.of("jdbc:postgresql://db:5433/runs?sslmode=prefer", "me", "pw"));
        assertThat(settings.finish().toString()).doesNotContain("pw");
    }

    @Test
    void theCacheTakesItsDefaults() {
        TwoCases.assertDefaults(CacheSettings::read, ResultCacheConfig.DEFAULT);
    }

    @Test
    void theCacheMapsEveryKey() {
        TwoCases.assertEveryKeyIsMapped(
                CacheSettings::read,
                Map.of(
                        "cache.ttl", "1s",
                        "cache.entry-limit", "2",
                        "cache.total-limit", "3",
                        "cache.max-entries", "4",
                        "cache.interval", "5s"),
                new ResultCacheConfig(seconds(1), DataSize.ofBytes(2), DataSize.ofBytes(3), 4, seconds(5)));
    }

    @Test
    void imagesTakeTheStoresDefaults() {
        TwoCases.assertDefaults(
                settings -> ImageSettings.read(settings, DATA), ImageStoreConfig.in(DATA.resolve("images")));
    }

    @Test
    void imagesMapEveryKey() {
        var written = Map.of(
                "images.definitions", "/a, /b",
                "images.max-layer", "1",
                "images.max-layer-entries", "2",
                "images.max-layers", "3",
                "registry.default", "registry.example",
                "registry.insecure", "a:1, b:2",
                "registry.credentials", "/c",
                "registry.parallel-layers", "6",
                "registry.attempts", "7",
                "registry.first-retry-delay", "8ms");
        var all = new HashMap<>(written);
        all.put("registry.request-timeout", "9s");
        var defaults = ImageStoreConfig.in(DATA.resolve("images"));
        TwoCases.assertEveryKeyIsMapped(
                settings -> ImageSettings.read(settings, DATA),
                all,
                new ImageStoreConfig(
                        defaults.directory(),
                        defaults.uidBase(),
                        defaults.ids(),
                        List.of(Path.of("/a"), Path.of("/b")),
                        new UnpackLimits(1, 2, 3, UnpackLimits.DEFAULT.documentBytes(), UnpackLimits.DEFAULT.pathBytes()),
                        new Registry(
                                Optional.of("registry.example"), Set.of("a:1", "b:2"), Optional.of(Path.of("/c")),
                                6, 7, Duration.ofMillis(8), seconds(9))));
    }

    @Test
    void driversTakeTheirDefaults() {
        TwoCases.assertDefaults(
                settings -> DriversConfig.read(settings, HOME),
                new DriversConfig(
                        HOME.resolve("native/target/release"),
                        new Native(true, "10.231.0.0/16", List.of(), 4096, new Pools(64, 16, 64)),
                        new Docker(true, "", seconds(3), seconds(60), seconds(30), Duration.ofMinutes(15)),
                        false));
    }

    @Test
    void driversMapEveryKey() {
        var written = Map.ofEntries(
                Map.entry("programs", "/bin"),
                Map.entry("native.enabled", "false"),
                Map.entry("native.network", "10.0.0.0/8"),
                Map.entry("native.dns", "192.0.2.1, 192.0.2.2"),
                Map.entry("native.max-sandboxes", "1"),
                Map.entry("native.namespace-pool", "2"),
                Map.entry("native.nat-pool", "3"),
                Map.entry("native.cgroup-pool", "4"),
                Map.entry("docker.enabled", "false"),
                Map.entry("docker.host", "tcp://h:1"),
                Map.entry("docker.probe-timeout", "5s"),
                Map.entry("docker.call-timeout", "6s"),
                Map.entry("docker.start-timeout", "7s"),
                Map.entry("docker.transfer-timeout", "8s"),
                Map.entry("process.enabled", "true"));
        TwoCases.assertEveryKeyIsMapped(
                settings -> DriversConfig.read(settings, HOME),
                written,
                new DriversConfig(
                        Path.of("/bin"),
                        new Native(false, "10.0.0.0/8", List.of("192.0.2.1", "192.0.2.2"), 1, new Pools(2, 3, 4)),
                        new Docker(false, "tcp://h:1", seconds(5), seconds(6), seconds(7), seconds(8)),
                        true));
    }

    private static Duration seconds(long count) {
        return Duration.ofSeconds(count);
    }
}
