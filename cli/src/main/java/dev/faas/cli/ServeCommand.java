package dev.faas.cli;

import java.util.LinkedHashMap;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// Runs the gateway.
@Command(
        name = "serve",
        description = "Runs the HTTP gateway until it is told to end (Ctrl-C, SIGTERM); what runs then is given time to finish.",
        footer = {
            "",
            "Examples:",
            "  faas serve",
            "  faas serve --addr 127.0.0.1:9000 --data-dir /srv/faas",
            "  faas key create ci && faas serve --addr 0.0.0.0:8080   (other addresses need a key)",
            "  DB_HOST=db.internal DB_PASSWORD=… faas serve           (records in PostgreSQL)",
        })
final class ServeCommand implements Callable<Integer> {

    private final Terminal terminal;

    @Mixin
    private LocalOptions local = new LocalOptions();

    @Option(names = "--addr", paramLabel = "HOST:PORT", description = "Where to listen; ':8080' means every address.")
    private @Nullable String address;

    ServeCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    @Override
    public Integer call() {
        var more = new LinkedHashMap<String, String>();
        if (address != null) {
            more.put("server.addr", address);
        }
        return LocalOptions.platform().serve(local.settings(more), terminal.isErrInteractive(), uri -> {
            if (terminal.isErrInteractive()) {
                terminal.note("listening on " + uri + " (Ctrl-C ends it)");
            }
        });
    }
}
