package dev.faas.api;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Collects the parts of an [InstanceRequest]. Confined to one thread.
public final class InstanceRequestBuilder {

    private final Map<String, String> envVars = new LinkedHashMap<>();
    private final Map<String, String> labels = new LinkedHashMap<>();
    private @Nullable String name;
    private @Nullable String image;
    private @Nullable String runtime;
    private @Nullable Integer memoryMb;
    private @Nullable Double cpuCores;
    private @Nullable Integer diskMb;
    private @Nullable Integer processes;
    private @Nullable Integer openFiles;
    private @Nullable Long readBps;
    private @Nullable Long writeBps;
    private @Nullable NetworkRequest network;
    private @Nullable Long ttlMs;
    private @Nullable Long idleTtlMs;
    private @Nullable Boolean autoPause;

    InstanceRequestBuilder() {}

    public InstanceRequestBuilder name(@Nullable String value) {
        name = value;
        return this;
    }

    public InstanceRequestBuilder image(@Nullable String value) {
        image = value;
        return this;
    }

    public InstanceRequestBuilder runtime(@Nullable String value) {
        runtime = value;
        return this;
    }

    public InstanceRequestBuilder memoryMb(@Nullable Integer value) {
        memoryMb = value;
        return this;
    }

    public InstanceRequestBuilder cpuCores(@Nullable Double value) {
        cpuCores = value;
        return this;
    }

    public InstanceRequestBuilder diskMb(@Nullable Integer value) {
        diskMb = value;
        return this;
    }

    public InstanceRequestBuilder processes(@Nullable Integer value) {
        processes = value;
        return this;
    }

    public InstanceRequestBuilder openFiles(@Nullable Integer value) {
        openFiles = value;
        return this;
    }

    public InstanceRequestBuilder readBps(@Nullable Long value) {
        readBps = value;
        return this;
    }

    public InstanceRequestBuilder writeBps(@Nullable Long value) {
        writeBps = value;
        return this;
    }

    public InstanceRequestBuilder network(@Nullable NetworkRequest value) {
        network = value;
        return this;
    }

    public InstanceRequestBuilder ttlMs(@Nullable Long value) {
        ttlMs = value;
        return this;
    }

    public InstanceRequestBuilder idleTtlMs(@Nullable Long value) {
        idleTtlMs = value;
        return this;
    }

    public InstanceRequestBuilder autoPause(@Nullable Boolean value) {
        autoPause = value;
        return this;
    }

    public InstanceRequestBuilder env(String name, String value) {
        envVars.put(name, value);
        return this;
    }

    public InstanceRequestBuilder label(String name, String value) {
        labels.put(name, value);
        return this;
    }

    public InstanceRequest build() {
        return new InstanceRequest(
                name,
                image,
                runtime,
                memoryMb,
                cpuCores,
                diskMb,
                processes,
                openFiles,
                readBps,
                writeBps,
                network,
                envVars.isEmpty() ? null : Map.copyOf(envVars),
                labels.isEmpty() ? null : Map.copyOf(labels),
                ttlMs,
                idleTtlMs,
                autoPause);
    }
}
