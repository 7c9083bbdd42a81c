package dev.faas.api;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A command to run in an instance: the part of an [ExecuteRequest] that isn't about the sandbox.
public record ExecRequest(
        List<String> command,
        @Nullable Long timeoutMs,
        @Nullable Map<String, String> envVars,
        @Nullable String workingDir,
        @Nullable String payload,
        @Nullable String payloadEncoding,
        @Nullable String user,
        @Nullable List<InputFile> files,
        @Nullable List<String> outputs,
        @Nullable Long outputLimitBytes,
        @Nullable Map<String, String> labels) {

    /// The command of a request. What it says about the sandbox is left behind: an instance has its own.
    public static ExecRequest of(ExecuteRequest request) {
        return new ExecRequest(
                request.command(),
                request.timeoutMs(),
                request.envVars(),
                request.workingDir(),
                request.payload(),
                request.payloadEncoding(),
                request.user(),
                request.files(),
                request.outputs(),
                request.outputLimitBytes(),
                request.labels());
    }

    /// A program with its arguments.
    public static ExecRequest of(String... argv) {
        return of(ExecuteRequest.of(argv).build());
    }

    /// `/bin/sh -c script`.
    public static ExecRequest shell(String script) {
        return of(ExecuteRequest.shell(script).build());
    }
}
