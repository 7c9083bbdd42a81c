package dev.faas.server;

import dev.faas.cli.LocalPlatform.ReadyListener;
import dev.faas.server.config.ServerConfig;
import java.util.concurrent.CountDownLatch;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A gateway that runs until the process is told to end.
final class Service {

    private static final Logger LOG = LoggerFactory.getLogger(Service.class);

    private Service() {}

    static int run(ServerConfig config, boolean isInteractive, ReadyListener onReady) {
        Logging.configure(config.log().on(isInteractive));
        var platform = Platform.start(config);
        Runtime.getRuntime().addShutdownHook(Thread.ofPlatform().name("faas-stop").unstarted(() -> {
            stop(platform, config);
            // An orderly stop is a success, whichever signal asked for it; the JVM would report 128 + its number.
            Runtime.getRuntime().halt(0);
        }));
        LOG.atInfo()
                .addKeyValue("uri", platform.uri())
                .addKeyValue("data_dir", config.dataDir())
                .addKeyValue("server", config.log().server())
                .log("ready");
        onReady.ready(platform.uri());
        platform.wake();
        try {
            // Only a signal ends this, through the hook.
            new CountDownLatch(1).await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return 0;
    }

    private static void stop(Platform platform, ServerConfig config) {
        var server = config.log().server();
        LOG.atInfo().addKeyValue("drain_timeout", config.drainTimeout()).addKeyValue("server", server).log("stopping");
        boolean isDrained = platform.drain(config.drainTimeout());
        platform.close();
        LOG.atInfo().addKeyValue("drained", isDrained).addKeyValue("server", server).log("stopped");
    }
}
