package dev.faas.api;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// What came of an execution. Output bytes are text when they are valid UTF-8 and base64 otherwise; the `…Encoding`
/// beside each says which.
///
/// @param requestId       the execution's id
/// @param outcome         `exited`, `signaled`, `timed_out`, `out_of_memory`, `cancelled` or `lost`
/// @param exitCode        as a shell reports it: 128 + signal for a signal, 137 for what was killed
/// @param stdout          `null` where it went out in a stream, or in lists
/// @param durationMs      from the command's start to its drained end
/// @param output          the same as `stdout`
/// @param logs            the same as `stderr`
/// @param error           in words, when the command did not exit with 0
/// @param signal          what ended the command
/// @param truncated       whether stdout or stderr went beyond the limit
/// @param stdoutBytes     produced in all, those beyond the limit included
/// @param runtime         what really ran it
/// @param isolation       what that separates the command with
/// @param imageDigest     what really ran
/// @param peakMemoryBytes of the whole sandbox
/// @param pooled          whether the sandbox was ready as a whole before the request came
/// @param instanceId      the instance it ran in; `null` for a sandbox of its own
/// @param origin          `cold` made on demand, `pooled_parts` made on demand of ready parts, `pooled` ready as a whole,
///                        `none` there was none: see `cache`
/// @param cache           in the mode `cached`: `hit` the result was known, `miss` it was not, `joined` it is that of an equal
///                        execution at the same time; otherwise `null`
/// @param cachedFrom      with `hit` and `joined`: the execution that ran the command
public record ExecuteResponse(
        String requestId,
        String outcome,
        int exitCode,
        @Nullable String stdout,
        String stdoutEncoding,
        @Nullable String stderr,
        String stderrEncoding,
        long durationMs,
        @Nullable String output,
        @Nullable String logs,
        @Nullable String error,
        @Nullable Integer signal,
        boolean timedOut,
        boolean oomKilled,
        boolean truncated,
        long stdoutBytes,
        long stderrBytes,
        String runtime,
        String isolation,
        String image,
        String imageDigest,
        Phases phases,
        double cpuUserMs,
        double cpuSystemMs,
        long peakMemoryBytes,
        List<OutputFile> files,
        boolean pooled,
        String origin,
        @Nullable String instanceId,
        @Nullable String cache,
        @Nullable String cachedFrom) {

    /// Where the time went, in milliseconds and fractions of them.
    ///
    /// @param queueMs waiting for a place
    /// @param imageMs making the image available
    /// @param startMs making the sandbox, input files included
    /// @param runMs   the command
    /// @param totalMs from acceptance to the answer
    public record Phases(double queueMs, double imageMs, double startMs, double runMs, double totalMs) {}

    /// A file the request asked to have back.
    ///
    /// @param content   `null` when there is none; `error` says why
    /// @param encoding  `utf-8` or `base64`
    /// @param sizeBytes of the whole file
    public record OutputFile(
            String path,
            @Nullable String content,
            String encoding,
            long sizeBytes,
            boolean truncated,
            @Nullable String error) {

        public byte[] bytes() {
            return decode(content, encoding);
        }
    }

    /// What the command wrote to stdout, byte for byte.
    public byte[] stdoutContent() {
        return decode(stdout, stdoutEncoding);
    }

    /// What the command wrote to stderr, byte for byte.
    public byte[] stderrContent() {
        return decode(stderr, stderrEncoding);
    }

    private static byte[] decode(@Nullable String text, String encoding) {
        return text == null ? new byte[0] : OutputText.decode(text, encoding);
    }
}
