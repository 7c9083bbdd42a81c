package dev.faas.api;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A command to run. Only `command` is required; `null` leaves the choice to the gateway's configuration or to the
/// image.
///
/// @param command          program and arguments. (The wire also takes one string, for `/bin/sh -c`.)
/// @param image            image reference
/// @param runtime          `auto`, `native`, `docker` or `process`
/// @param mode             `ephemeral`, `cached` or `persistent`
/// @param instanceId       for mode `persistent`: the id or name of the instance; without it one is made
/// @param timeoutMs        after it the command and all its descendants are killed
/// @param envVars          added to the image's environment. (The wire also takes an array of pairs.)
/// @param workingDir       absolute path
/// @param payload          what the command reads on stdin
/// @param payloadEncoding  `text` or `base64`
/// @param cpuCores         fractions too
/// @param user             `name`, `uid`, either with `:group`
/// @param network          what the sandbox may reach. (The wire also takes the mode alone, as a string.)
/// @param files            put in place before the command starts
/// @param outputs          paths of files to return afterwards
/// @param outputLimitBytes kept of each of stdout and stderr
/// @param diskMb           size of the writable layer
/// @param processes        processes and threads
/// @param openFiles        per process
/// @param cacheKey         mode `cached`: shares results only with requests that have the same
/// @param cacheTtlMs       mode `cached`: an older result doesn't count, and this one is not kept for longer
/// @param cacheRefresh     mode `cached`: runs the command whatever is known
/// @param cacheFailures    mode `cached`: exit codes other than 0 are kept too
public record ExecuteRequest(
        List<String> command,
        @Nullable String image,
        @Nullable String runtime,
        @Nullable String mode,
        @Nullable Long timeoutMs,
        @Nullable Map<String, String> envVars,
        @Nullable String workingDir,
        @Nullable String payload,
        @Nullable String payloadEncoding,
        @Nullable Integer memoryMb,
        @Nullable Double cpuCores,
        @Nullable Integer diskMb,
        @Nullable Integer processes,
        @Nullable Integer openFiles,
        @Nullable Long readBps,
        @Nullable Long writeBps,
        @Nullable String user,
        @Nullable NetworkRequest network,
        @Nullable List<InputFile> files,
        @Nullable List<String> outputs,
        @Nullable Long outputLimitBytes,
        @Nullable Map<String, String> labels,
        @Nullable String instanceId,
        @Nullable String cacheKey,
        @Nullable Long cacheTtlMs,
        @Nullable Boolean cacheRefresh,
        @Nullable Boolean cacheFailures) {

    /// A request for a program with its arguments.
    public static ExecuteRequestBuilder of(String... argv) {
        return new ExecuteRequestBuilder(List.of(argv));
    }

    /// A request for `/bin/sh -c script`.
    public static ExecuteRequestBuilder shell(String script) {
        return of("/bin/sh", "-c", script);
    }
}
