package dev.faas.api;

import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Collects the parts of an [ExecuteRequest]. Confined to one thread.
public final class ExecuteRequestBuilder {

    private final List<String> command;
    private final Map<String, String> envVars = new LinkedHashMap<>();
    private final Map<String, String> labels = new LinkedHashMap<>();
    private final List<InputFile> files = new ArrayList<>();
    private final List<String> outputs = new ArrayList<>();
    private @Nullable String image;
    private @Nullable String runtime;
    private @Nullable String mode;
    private @Nullable Long timeoutMs;
    private @Nullable String workingDir;
    private @Nullable String payload;
    private @Nullable String payloadEncoding;
    private @Nullable Integer memoryMb;
    private @Nullable Double cpuCores;
    private @Nullable Integer diskMb;
    private @Nullable Integer processes;
    private @Nullable Integer openFiles;
    private @Nullable Long readBps;
    private @Nullable Long writeBps;
    private @Nullable String user;
    private @Nullable NetworkRequest network;
    private @Nullable Long outputLimitBytes;
    private @Nullable String instanceId;
    private @Nullable String cacheKey;
    private @Nullable Long cacheTtlMs;
    private @Nullable Boolean cacheRefresh;
    private @Nullable Boolean cacheFailures;

    ExecuteRequestBuilder(List<String> command) {
        this.command = List.copyOf(command);
    }

    public ExecuteRequestBuilder image(@Nullable String value) {
        image = value;
        return this;
    }

    public ExecuteRequestBuilder runtime(@Nullable String value) {
        runtime = value;
        return this;
    }

    public ExecuteRequestBuilder mode(@Nullable String value) {
        mode = value;
        return this;
    }

    public ExecuteRequestBuilder instanceId(@Nullable String value) {
        instanceId = value;
        return this;
    }

    public ExecuteRequestBuilder timeoutMs(@Nullable Long value) {
        timeoutMs = value;
        return this;
    }

    public ExecuteRequestBuilder env(String name, String value) {
        envVars.put(name, value);
        return this;
    }

    public ExecuteRequestBuilder workingDir(@Nullable String value) {
        workingDir = value;
        return this;
    }

    /// What the command reads on stdin.
    public ExecuteRequestBuilder payload(String text) {
        payload = text;
        payloadEncoding = "text";
        return this;
    }

    /// What the command reads on stdin, byte for byte.
    public ExecuteRequestBuilder payload(byte[] bytes) {
        payload = Base64.getEncoder().encodeToString(bytes);
        payloadEncoding = "base64";
        return this;
    }

    public ExecuteRequestBuilder memoryMb(@Nullable Integer value) {
        memoryMb = value;
        return this;
    }

    public ExecuteRequestBuilder cpuCores(@Nullable Double value) {
        cpuCores = value;
        return this;
    }

    public ExecuteRequestBuilder diskMb(@Nullable Integer value) {
        diskMb = value;
        return this;
    }

    public ExecuteRequestBuilder processes(@Nullable Integer value) {
        processes = value;
        return this;
    }

    public ExecuteRequestBuilder openFiles(@Nullable Integer value) {
        openFiles = value;
        return this;
    }

    public ExecuteRequestBuilder readBps(@Nullable Long value) {
        readBps = value;
        return this;
    }

    public ExecuteRequestBuilder writeBps(@Nullable Long value) {
        writeBps = value;
        return this;
    }

    public ExecuteRequestBuilder user(@Nullable String value) {
        user = value;
        return this;
    }

    public ExecuteRequestBuilder network(@Nullable NetworkRequest value) {
        network = value;
        return this;
    }

    public ExecuteRequestBuilder file(InputFile file) {
        files.add(file);
        return this;
    }

    public ExecuteRequestBuilder output(String path) {
        outputs.add(path);
        return this;
    }

    public ExecuteRequestBuilder outputLimitBytes(@Nullable Long value) {
        outputLimitBytes = value;
        return this;
    }

    public ExecuteRequestBuilder label(String name, String value) {
        labels.put(name, value);
        return this;
    }

    /// Shares results only with requests that have the same key.
    public ExecuteRequestBuilder cacheKey(@Nullable String value) {
        cacheKey = value;
        return this;
    }

    public ExecuteRequestBuilder cacheTtlMs(@Nullable Long value) {
        cacheTtlMs = value;
        return this;
    }

    public ExecuteRequestBuilder cacheRefresh(@Nullable Boolean value) {
        cacheRefresh = value;
        return this;
    }

    public ExecuteRequestBuilder cacheFailures(@Nullable Boolean value) {
        cacheFailures = value;
        return this;
    }

    public ExecuteRequest build() {
        return new ExecuteRequest(
                command,
                image,
                runtime,
                mode,
                timeoutMs,
                envVars.isEmpty() ? null : Map.copyOf(envVars),
                workingDir,
                payload,
                payloadEncoding,
                memoryMb,
                cpuCores,
                diskMb,
                processes,
                openFiles,
                readBps,
                writeBps,
                user,
                network,
                files.isEmpty() ? null : List.copyOf(files),
                outputs.isEmpty() ? null : List.copyOf(outputs),
                outputLimitBytes,
                labels.isEmpty() ? null : Map.copyOf(labels),
                instanceId,
                cacheKey,
                cacheTtlMs,
                cacheRefresh,
                cacheFailures);
    }
}
