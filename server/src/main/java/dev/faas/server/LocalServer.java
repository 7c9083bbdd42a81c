package dev.faas.server;

import dev.faas.cli.LocalPlatform;
import dev.faas.gateway.auth.ApiKey;
import dev.faas.server.config.ServerConfig;
import dev.faas.server.config.Surroundings;
import java.net.URI;
import java.security.SecureRandom;
import java.util.List;
import java.util.Optional;

/// The platform on this machine, for the command line.
public final class LocalServer implements LocalPlatform {

    private static final String LOOPBACK = "127.0.0.1";
    private static final int ANY_PORT = 0;

    /// For the short verbs, whose output is what they print and not what is logged.
    private static ServerConfig loadQuietly(LocalSettings settings) {
        var config = load(settings);
        Logging.configure(config.log().quiet());
        return config;
    }

    private static ServerConfig load(LocalSettings settings) {
        return ServerConfig.load(Surroundings.ofThisProcess(), settings.file(), settings.values());
    }

    /// Other users of this machine can reach the port: without the key they get nothing.
    @Override
    public Gateway embed(LocalSettings settings) {
        var key = ApiKey.generate(new SecureRandom());
        var config = loadQuietly(settings);
        var oneTime = ApiKey.parse("embedded:" + ApiKey.hashOf(key));
        var gateway = config.gateway().withKeys(List.of(oneTime)).withAddress(LOOPBACK, ANY_PORT);
        var platform = Platform.start(config.forOneCommand(gateway));
        return new EmbeddedGateway(platform, key);
    }

    @Override
    public int serve(LocalSettings settings, boolean isInteractive, ReadyListener onReady) {
        return Service.run(load(settings), isInteractive, onReady);
    }

    @Override
    public Images images(LocalSettings settings, Progress progress) {
        return new LocalImages(loadQuietly(settings), progress);
    }

    @Override
    public Diagnosis doctor(LocalSettings settings) {
        return Examination.run(loadQuietly(settings));
    }

    @Override
    public List<String> clean(LocalSettings settings, boolean force, boolean everything) {
        return new Cleaner(loadQuietly(settings)).clean(force, everything);
    }

    @Override
    public List<SettingInEffect> settings(LocalSettings settings) {
        return load(settings).effective().stream()
                .map(setting -> new SettingInEffect(
                        setting.key().name(), setting.key().variable(), setting.value(), setting.source()))
                .toList();
    }

    @Override
    public NewKey createKey(LocalSettings settings, String name) {
        return ApiKeys.create(load(settings).dataDir(), name);
    }

    private record EmbeddedGateway(Platform platform, String apiKey) implements Gateway {

        @Override
        public URI uri() {
            return platform.uri();
        }

        @Override
        public void prepareImage(Optional<String> reference, Progress progress) {
            platform.prepareImage(reference, progress::progress);
        }

        @Override
        public void close() {
            platform.close();
        }
    }
}
