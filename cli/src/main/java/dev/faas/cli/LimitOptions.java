package dev.faas.cli;

import dev.faas.api.ExecuteRequestBuilder;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/// How much a command may use.
final class LimitOptions {

    @Option(names = {"-m", "--memory"}, paramLabel = "SIZE", description = "The most memory it may use: 512m, 2g.")
    private @Nullable String memory;

    @Option(names = "--cpus", paramLabel = "N", description = "Cores, fractions too.")
    private @Nullable Double cpus;

    @Option(names = {"-t", "--timeout"}, paramLabel = "TIME", description = "When it is killed: 500ms, 30s, 10m.")
    private @Nullable String timeout;

    @Option(names = "--disk", paramLabel = "SIZE", description = "What it may write: 512m, 2g.")
    private @Nullable String disk;

    @Option(names = "--processes", paramLabel = "N", description = "Processes and threads at once.")
    private @Nullable Integer processes;

    @Option(names = "--open-files", paramLabel = "N", description = "Open files of each process.")
    private @Nullable Integer openFiles;

    @Option(names = "--read-rate", paramLabel = "SIZE", description = "Bytes read from the disk a second: 500k, 20m.")
    private @Nullable String readRate;

    @Option(names = "--write-rate", paramLabel = "SIZE", description = "Bytes written to the disk a second.")
    private @Nullable String writeRate;

    @Option(names = "--output-limit", paramLabel = "SIZE", description = "Kept of stdout and of stderr each: 64k, 10m.")
    private @Nullable String output;

    void addTo(ExecuteRequestBuilder request) {
        request.cpuCores(cpus)
                .memoryMb(memory == null ? null : Quantity.mebibytes("--memory", memory))
                .timeoutMs(timeout == null ? null : Quantity.milliseconds("--timeout", timeout))
                .diskMb(disk == null ? null : Quantity.mebibytes("--disk", disk))
                .processes(processes)
                .openFiles(openFiles)
                .readBps(readRate == null ? null : Quantity.bytes("--read-rate", readRate))
                .writeBps(writeRate == null ? null : Quantity.bytes("--write-rate", writeRate))
                .outputLimitBytes(output == null ? null : Quantity.bytes("--output-limit", output));
    }
}
