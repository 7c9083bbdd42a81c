package dev.faas.cli;

import dev.faas.sdk.ClientConfig;
import dev.faas.sdk.FaasClient;
import java.net.URI;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// Which gateway a verb talks to: one that runs somewhere, or one that is started inside this process and is gone with it.
final class Connection {

    private static final Duration LONGEST_CALL = Duration.ofHours(25);

    @Option(
            names = "--url",
            paramLabel = "URL",
            description = "A running gateway; without it $FAAS_URL, and without that one is started here for this command.")
    private @Nullable String url;

    @Option(names = "--api-key", paramLabel = "KEY", description = "For that gateway; better given as $FAAS_API_KEY.")
    private @Nullable String apiKey;

    @Mixin
    private LocalOptions local = new LocalOptions();

    Session open() {
        var address = url != null ? url : System.getenv("FAAS_URL");
        if (address != null && !address.isEmpty()) {
            var key = apiKey != null ? apiKey : System.getenv("FAAS_API_KEY");
            return new Session(client(address(address), key), null);
        }
        var gateway = LocalOptions.platform().embed(local.settings());
        // However this process is told to end: the gateway and everything in it goes first.
        Runtime.getRuntime().addShutdownHook(Thread.ofPlatform().unstarted(gateway::close));
        return new Session(client(gateway.uri(), gateway.apiKey()), gateway);
    }

    /// A gateway that runs already: for what outlives the command.
    Session openRunning() {
        var address = url != null ? url : System.getenv("FAAS_URL");
        var key = apiKey != null ? apiKey : System.getenv("FAAS_API_KEY");
        return new Session(
                client(address == null || address.isEmpty() ? ClientConfig.LOCAL : address(address), key), null);
    }

    private static FaasClient client(URI uri, @Nullable String key) {
        // A command may run for days: only its own time limit ends it.
        var config = ClientConfig.of(uri).withApiKey(key).withRequestTimeout(LONGEST_CALL);
        return new FaasClient(config);
    }

    private static URI address(String text) {
        try {
            return ClientConfig.of(URI.create(text)).baseUrl();
        } catch (IllegalArgumentException e) {
            throw new CommandException("'" + text + "' is not the address of a gateway; write http://host:port");
        }
    }

    /// A client, and the gateway that lives only for it.
    record Session(FaasClient client, LocalPlatform.@Nullable Gateway gateway) implements AutoCloseable {

        @Override
        public void close() {
            client.close();
            if (gateway != null) {
                gateway.close();
            }
        }
    }
}
