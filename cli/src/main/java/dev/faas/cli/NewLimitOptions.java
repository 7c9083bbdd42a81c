package dev.faas.cli;

import dev.faas.api.LimitsPatch;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/// The limits a living instance can be given.
final class NewLimitOptions {

    @Option(names = {"-m", "--memory"}, paramLabel = "SIZE", description = "The most memory: 512m, 2g.")
    private @Nullable String memory;

    @Option(names = "--cpus", paramLabel = "N", description = "Cores, fractions too.")
    private @Nullable Double cpus;

    @Option(names = "--processes", paramLabel = "N", description = "Processes and threads at once.")
    private @Nullable Integer processes;

    LimitsPatch patch() {
        return new LimitsPatch(memory == null ? null : Quantity.mebibytes("--memory", memory), cpus, processes);
    }
}
