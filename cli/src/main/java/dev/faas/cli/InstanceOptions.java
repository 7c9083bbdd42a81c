package dev.faas.cli;

import dev.faas.api.InstanceRequest;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// What a person says about an instance to make, and the request that becomes of it.
final class InstanceOptions {

    @Parameters(paramLabel = "NAME", arity = "0..1", description = "Its name; one that lives already is given as it is.")
    private @Nullable String name;

    @Option(names = "--image", paramLabel = "IMAGE", description = "What it is made of; the default is the gateway's (faas/base).")
    private @Nullable String image;

    @Option(names = "--runtime", paramLabel = "NAME", description = "auto (the default), native, docker or process.")
    private @Nullable String runtime;

    @Option(names = {"-e", "--env"}, paramLabel = "NAME[=VALUE]", description = "A variable for every command; without a value, your own.")
    private List<String> env = new ArrayList<>();

    @Option(names = {"-m", "--memory"}, paramLabel = "SIZE", description = "The most memory it may use: 512m, 2g.")
    private @Nullable String memory;

    @Option(names = "--cpus", paramLabel = "N", description = "Cores, fractions too.")
    private @Nullable Double cpus;

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

    @Mixin
    private NetworkOptions network = new NetworkOptions();

    @Option(names = "--ttl", paramLabel = "TIME", description = "How long it lives: 10m, 2h; until you remove it without.")
    private @Nullable String ttl;

    @Option(names = "--idle", paramLabel = "TIME", description = "How long it may be left alone before it ends.")
    private @Nullable String idle;

    @Option(names = "--auto-pause", description = "Pauses it then instead.")
    private @Nullable Boolean autoPause;

    @Option(names = "--label", paramLabel = "NAME=VALUE", description = "For 'faas instance ls --label'.")
    private Map<String, String> labels = new LinkedHashMap<>();

    @Nullable String name() {
        return name;
    }

    InstanceRequest request() {
        var request = InstanceRequest.builder()
                .name(name)
                .image(image)
                .runtime(runtime)
                .memoryMb(memory == null ? null : Quantity.mebibytes("--memory", memory))
                .cpuCores(cpus)
                .diskMb(disk == null ? null : Quantity.mebibytes("--disk", disk))
                .processes(processes)
                .openFiles(openFiles)
                .readBps(readRate == null ? null : Quantity.bytes("--read-rate", readRate))
                .writeBps(writeRate == null ? null : Quantity.bytes("--write-rate", writeRate))
                .network(network.request())
                .ttlMs(ttl == null ? null : Quantity.milliseconds("--ttl", ttl))
                .idleTtlMs(idle == null ? null : Quantity.milliseconds("--idle", idle))
                .autoPause(autoPause);
        env.forEach(variable -> RunOptions.addVariable(request::env, variable));
        labels.forEach(request::label);
        return request.build();
    }
}
