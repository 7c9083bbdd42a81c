package dev.faas.cli;

import dev.faas.api.PrewarmRequest;
import dev.faas.api.PrewarmResponse;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// Has a gateway keep sandboxes ready.
@Command(
        name = "prewarm",
        description = {
            "Has a gateway keep sandboxes of an image ready, for executions with the same runtime, limits and network.",
            "'faas pools' shows how that goes."
        },
        footer = {
            "",
            "Examples:",
            "  faas prewarm faas/python --count 4 --wait 30s --url http://127.0.0.1:8080",
            "  faas prewarm faas/python --count 0",
            "  faas prewarm --end pw_01k2…",
        })
final class PrewarmCommand implements Callable<Integer> {

    private final Terminal terminal;

    @Parameters(paramLabel = "IMAGE", arity = "0..1", description = "The default is the gateway's (faas/base).")
    private @Nullable String image;

    @Option(names = {"-n", "--count"}, paramLabel = "N", defaultValue = "1", description = "How many; 0 for no more.")
    private int count;

    @Option(names = "--end", paramLabel = "ID", description = "Ends an order by its id.")
    private @Nullable String end;

    @Option(names = "--runtime", paramLabel = "NAME", description = "auto (the default), native, docker or process.")
    private @Nullable String runtime;

    @Option(names = {"-m", "--memory"}, paramLabel = "SIZE", description = "Of each: 512m, 2g.")
    private @Nullable String memory;

    @Option(names = "--cpus", paramLabel = "N", description = "Cores of each, fractions too.")
    private @Nullable Double cpus;

    @Option(names = "--disk", paramLabel = "SIZE", description = "What each may write: 512m, 2g.")
    private @Nullable String disk;

    @Option(names = "--processes", paramLabel = "N", description = "Processes and threads of each.")
    private @Nullable Integer processes;

    @Option(names = "--open-files", paramLabel = "N", description = "Open files of each process.")
    private @Nullable Integer openFiles;

    @Option(names = "--read-rate", paramLabel = "SIZE", description = "Bytes read from the disk a second: 500k, 20m.")
    private @Nullable String readRate;

    @Option(names = "--write-rate", paramLabel = "SIZE", description = "Bytes written to the disk a second.")
    private @Nullable String writeRate;

    @Mixin
    private NetworkOptions network = new NetworkOptions();

    @Option(names = "--ttl", paramLabel = "TIME", description = "For how long: 10m, 2h; the default is the gateway's.")
    private @Nullable String ttl;

    @Option(names = "--wait", paramLabel = "TIME", description = "How long to wait for them to be ready: 500ms, 30s.")
    private @Nullable String wait;

    @Mixin
    private Connection connection = new Connection();

    @Mixin
    private OutputOptions output = new OutputOptions();

    PrewarmCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    @Override
    public Integer call() {
        try (var session = connection.open()) {
            var client = session.client();
            var isEnding = end != null || count == 0;
            var order = end != null ? client.endPrewarm(end) : client.prewarm(request());
            if (output.isJson()) {
                OutputOptions.print(terminal.out(), order);
            } else {
                terminal.out().println(order.id() + "  " + (isEnding ? "ended" : progress(order)));
            }
            return ExitCode.OK;
        }
    }

    private PrewarmRequest request() {
        return new PrewarmRequest(
                image,
                count,
                runtime,
                memory == null ? null : Quantity.mebibytes("--memory", memory),
                cpus,
                disk == null ? null : Quantity.mebibytes("--disk", disk),
                processes,
                openFiles,
                readRate == null ? null : Quantity.bytes("--read-rate", readRate),
                writeRate == null ? null : Quantity.bytes("--write-rate", writeRate),
                network.request(),
                ttl == null ? null : Quantity.milliseconds("--ttl", ttl),
                wait == null ? null : Quantity.milliseconds("--wait", wait));
    }

    private static String progress(PrewarmResponse order) {
        var ready = order.available() + " of " + order.count() + " ready, until " + order.expiresAt();
        return order.failure() == null ? ready : ready + "; " + order.failure();
    }
}
