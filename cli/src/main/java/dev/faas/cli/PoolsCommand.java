package dev.faas.cli;

import dev.faas.api.PoolList.PoolDescription;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/// Shows what a gateway keeps ready.
@Command(
        name = "pools",
        description = "Shows the sandboxes a gateway keeps ready, how often that helped and what it costs.",
        footer = {"", "Examples:", "  faas pools --url http://127.0.0.1:8080", "  faas pools --json"})
final class PoolsCommand implements Callable<Integer> {

    private static final int PERCENT = 100;
    private static final int BYTES_PER_KIB = 1024;

    private final Terminal terminal;

    @Mixin
    private Connection connection = new Connection();

    @Mixin
    private OutputOptions output = new OutputOptions();

    PoolsCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    @Override
    public Integer call() {
        try (var session = connection.open()) {
            var list = session.client().pools();
            if (output.isJson()) {
                OutputOptions.print(terminal.out(), list);
                return ExitCode.OK;
            }
            var pools = new Table(
                    "IMAGE", "RUNTIME", "LIMITS", "NETWORK", "READY", "IN USE", "HITS", "MISSES", "HIT RATE", "REFILL", "IDLE");
            list.pools().forEach(pool -> pools.row(
                    pool.image(),
                    pool.runtime(),
                    limits(pool),
                    pool.network(),
                    pool.available() + "/" + pool.target(),
                    pool.inUse(),
                    pool.hits(),
                    pool.misses(),
                    Math.round(pool.hitRate() * PERCENT) + "%",
                    String.format(Locale.ROOT, "%.1f ms", pool.refillMs()),
                    pool.memoryBytes() / BYTES_PER_KIB + " KiB"));
            pools.print(terminal.out());
            if (!list.prewarmings().isEmpty()) {
                terminal.out().println();
                var orders = new Table("PREWARMED", "IMAGE", "RUNTIME", "READY", "UNTIL", "PROBLEM");
                list.prewarmings().forEach(order -> orders.row(
                        order.id(),
                        order.image(),
                        order.runtime(),
                        order.available() + "/" + order.count(),
                        order.expiresAt(),
                        order.failure() == null ? "" : order.failure()));
                orders.print(terminal.out());
            }
            return ExitCode.OK;
        }
    }

    private static String limits(PoolDescription pool) {
        return pool.memoryMb() + " MiB, " + pool.cpuCores() + " cores";
    }
}
