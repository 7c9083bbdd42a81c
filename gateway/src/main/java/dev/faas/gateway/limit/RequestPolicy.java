package dev.faas.gateway.limit;

import dev.faas.core.common.DataSize;
import dev.faas.core.image.ImageReference;
import dev.faas.core.sandbox.Command;
import dev.faas.core.sandbox.Limits;
import dev.faas.core.sandbox.Network;
import java.time.Duration;

/// What a request gets when it doesn't say, and the most it may ask for.
///
/// @param image         run when a request names none
/// @param network       for requests that name none
/// @param limits        for requests that name none
/// @param maxLimits     the most of each; disk rates have no maximum
/// @param timeout       for requests that name none
/// @param outputLimit   bytes kept of each of stdout and stderr
/// @param maxFiles      files put in, and files returned
/// @param maxLabels     labels of one execution
/// @param maxCacheTtl   for how long a result in the mode `cached` may be asked to be kept
public record RequestPolicy(
        ImageReference image,
        Network network,
        Limits limits,
        Limits maxLimits,
        Duration timeout,
        Duration maxTimeout,
        DataSize outputLimit,
        DataSize maxOutputLimit,
        int maxFiles,
        int maxLabels,
        Duration maxCacheTtl) {

    public static final RequestPolicy DEFAULT = new RequestPolicy(
            ImageReference.of("faas/base"),
            new Network.None(),
            Limits.DEFAULT,
            new Limits(
                    DataSize.ofMebibytes(1024L * 1024),
                    256_000,
                    1_000_000,
                    DataSize.ofMebibytes(1024L * 1024),
                    1_048_576,
                    0,
                    0),
            Duration.ofSeconds(30),
            Duration.ofHours(24),
            DataSize.ofBytes(Command.DEFAULT_OUTPUT_LIMIT),
            DataSize.ofMebibytes(64),
            256,
            64,
            Duration.ofDays(30));

    /// The same with less output, never with more.
    public RequestPolicy withOutputLimits(DataSize most) {
        return new RequestPolicy(
                image,
                network,
                limits,
                maxLimits,
                timeout,
                maxTimeout,
                smaller(outputLimit, most),
                smaller(maxOutputLimit, most),
                maxFiles,
                maxLabels,
                maxCacheTtl);
    }

    private static DataSize smaller(DataSize left, DataSize right) {
        return left.compareTo(right) < 0 ? left : right;
    }
}
