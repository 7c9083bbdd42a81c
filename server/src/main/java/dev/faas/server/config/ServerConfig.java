package dev.faas.server.config;

import dev.faas.core.cache.ResultCacheConfig;
import dev.faas.core.execution.EngineConfig;
import dev.faas.core.instance.InstanceConfig;
import dev.faas.core.pool.PoolConfig;
import dev.faas.gateway.http.GatewayConfig;
import dev.faas.store.image.ImageStoreConfig;
import dev.faas.store.sql.SqlConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Everything that can be set, one record per component.
///
/// @param dataDir      images, records, and what lives only as long as an instance
/// @param drainTimeout how long running executions may go on after the order to stop
/// @param effective    every setting as it was read
public record ServerConfig(
        Path dataDir,
        Duration drainTimeout,
        LogConfig log,
        GatewayConfig gateway,
        EngineConfig engine,
        ResultCacheConfig cache,
        InstanceConfig instances,
        SqlConfig database,
        ImageStoreConfig images,
        DriversConfig drivers,
        List<Setting> effective) {

    private static final Path SYSTEM_FILE = Path.of("/etc/faas/faas.conf");
    private static final String FILE_VARIABLE = "FAAS_CONFIG";

    /// Reads defaults < file < environment < flags.
    ///
    /// @param file  wins over `FAAS_CONFIG`, which wins over the system's file if that is there
    /// @param flags by key
    /// @throws ConfigException naming everything that is wrong
    public static ServerConfig load(Surroundings surroundings, Optional<Path> file, Map<String, String> flags) {
        var sources = new ArrayList<Source>();
        file.or(() -> Optional.ofNullable(surroundings.environment().get(FILE_VARIABLE)).map(Path::of))
                .or(() -> Files.isReadable(SYSTEM_FILE) ? Optional.of(SYSTEM_FILE) : Optional.empty())
                .map(Source::file)
                .ifPresent(sources::add);
        sources.add(Source.environment(surroundings.environment()));
        sources.add(Source.flags(flags));
        return read(new Settings(sources), surroundings);
    }

    static ServerConfig read(Settings settings, Surroundings surroundings) {
        var dataDir = settings.path(
                Key.of("data-dir", "Images, records and run directories; an ordinary user's is `~/.local/share/faas`."),
                surroundings.dataDir());
        requireLocalStorage(settings);
        var drain = settings.duration(
                Key.of("drain-timeout", "How long running executions may go on after the order to stop."), Duration.ofSeconds(30));
        var log = LogConfig.read(settings);
        var limits = SandboxSettings.limits(settings);
        var network = SandboxSettings.network(settings);
        var gateway = GatewaySettings.read(settings, limits, network, storedKeys(dataDir));
        var engine = EngineSettings.read(settings, limits, network);
        var cache = CacheSettings.read(settings);
        var instances = InstanceSettings.read(settings);
        var database = DatabaseSettings.read(settings, dataDir);
        var images = ImageSettings.read(settings, dataDir);
        var drivers = DriversConfig.read(settings, surroundings.home());
        return new ServerConfig(
                dataDir, drain, log, gateway, engine, cache, instances, database, images, drivers, settings.finish());
    }

    /// Whoever asks for another kind must not believe that he got it.
    private static void requireLocalStorage(Settings settings) {
        settings.choice(
                Key.of("storage.type", "Where files are kept: `local`, the data directory, is the only kind.").as("STORAGE_TYPE"),
                "local",
                Map.of("local", "local"));
    }

    /// For a process that runs one command and ends.
    public ServerConfig forOneCommand(GatewayConfig ownGateway) {
        return new ServerConfig(
                dataDir,
                drainTimeout,
                log,
                ownGateway,
                engine.withPools(PoolConfig.OFF),
                cache,
                instances,
                database,
                images,
                drivers.forOneCommand(),
                effective);
    }

    /// Where `./faas key create` puts the hashes of the keys it makes.
    public static Path keyFile(Path dataDir) {
        return dataDir.resolve("api-keys");
    }

    private static List<String> storedKeys(Path dataDir) {
        var file = keyFile(dataDir);
        try {
            return Files.exists(file) ? Files.readAllLines(file).stream().filter(line -> !line.isBlank()).toList() : List.of();
        } catch (IOException e) {
            throw new ConfigException(List.of(file + " can't be read: " + e));
        }
    }
}
