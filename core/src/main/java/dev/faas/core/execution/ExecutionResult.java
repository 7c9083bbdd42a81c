package dev.faas.core.execution;

import dev.faas.core.sandbox.Isolation;
import dev.faas.core.sandbox.Origin;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// What came of an execution. Every figure is measured.
///
/// @param stdoutBytes      produced in all; more than `stdout.length` exactly when it was truncated
/// @param imageDigest      what really ran
/// @param peakMemoryBytes  the most the whole sandbox held, or, where the technology does not count it, the largest process
/// @param origin           where the sandbox came from
public record ExecutionResult(
        Outcome outcome,
        byte[] stdout,
        byte[] stderr,
        long stdoutBytes,
        long stderrBytes,
        boolean isTruncated,
        List<OutputFile> files,
        Isolation isolation,
        String imageDigest,
        Origin origin,
        Phases phases,
        Duration userTime,
        Duration systemTime,
        long peakMemoryBytes) {

    public ExecutionResult {
        files = List.copyOf(files);
    }

    /// The same with at most so many bytes of each stream and of all files together; what is cut is marked as truncated.
    ExecutionResult withOutputUpTo(long limit) {
        long inFiles = files.stream().mapToLong(file -> file.content().length).sum();
        boolean isCut = stdout.length > limit || stderr.length > limit;
        if (!isCut && inFiles <= limit) {
            return this;
        }
        return new ExecutionResult(
                outcome,
                start(stdout, limit),
                start(stderr, limit),
                stdoutBytes,
                stderrBytes,
                isTruncated || isCut,
                startOfFiles(limit),
                isolation,
                imageDigest,
                origin,
                phases,
                userTime,
                systemTime,
                peakMemoryBytes);
    }

    /// The same figures without stdout, stderr and files.
    public ExecutionResult withoutOutput() {
        return new ExecutionResult(
                outcome,
                new byte[0],
                new byte[0],
                stdoutBytes,
                stderrBytes,
                isTruncated,
                List.of(),
                isolation,
                imageDigest,
                origin,
                phases,
                userTime,
                systemTime,
                peakMemoryBytes);
    }

    /// The same as measured by one who waited for more than the run.
    ExecutionResult withPhases(Phases newPhases) {
        return new ExecutionResult(
                outcome,
                stdout,
                stderr,
                stdoutBytes,
                stderrBytes,
                isTruncated,
                files,
                isolation,
                imageDigest,
                origin,
                newPhases,
                userTime,
                systemTime,
                peakMemoryBytes);
    }

    /// The same for an execution that ran nothing itself: it had no sandbox and used neither processor nor memory.
    ExecutionResult takenOver(Phases newPhases) {
        return new ExecutionResult(
                outcome,
                stdout,
                stderr,
                stdoutBytes,
                stderrBytes,
                isTruncated,
                files,
                isolation,
                imageDigest,
                Origin.NONE,
                newPhases,
                Duration.ZERO,
                Duration.ZERO,
                0);
    }

    private List<OutputFile> startOfFiles(long limit) {
        var cut = new ArrayList<OutputFile>(files.size());
        long left = limit;
        for (var file : files) {
            var content = start(file.content(), left);
            left -= content.length;
            boolean isShorter = content.length < file.content().length;
            cut.add(new OutputFile(
                    file.path(), content, file.size(), file.isTruncated() || isShorter, file.error()));
        }
        return cut;
    }

    private static byte[] start(byte[] bytes, long limit) {
        return bytes.length <= limit ? bytes : Arrays.copyOf(bytes, (int) limit);
    }

    /// Where the time went.
    ///
    /// @param queue waiting for a place
    /// @param image making the image available; near zero when it is here
    /// @param start making the sandbox, input files included, until the process has started
    /// @param run   the process, from its start to its drained end
    /// @param total from acceptance to the answer
    public record Phases(Duration queue, Duration image, Duration start, Duration run, Duration total) {}

    /// A file the request asked to have back.
    ///
    /// @param error why there is no content; empty when there is
    public record OutputFile(String path, byte[] content, long size, boolean isTruncated, String error) {}
}
