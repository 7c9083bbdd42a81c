package dev.faas.core.sandbox;

import dev.faas.core.common.DataSize;

/// What a sandbox may use. Enforced by the kernel, not by asking.
///
/// @param memory     all processes together, page cache and written files included
/// @param cpuMillis  thousandths of a core
/// @param processes  processes and threads
/// @param disk       the writable layer. Where it lies in memory it counts against `memory` too
/// @param openFiles  per process
/// @param readBps    bytes read from disk a second, 0 = no limit
/// @param writeBps   bytes written to disk a second, 0 = no limit
public record Limits(
        DataSize memory, int cpuMillis, int processes, DataSize disk, int openFiles, long readBps, long writeBps) {

    public static final Limits DEFAULT =
            new Limits(DataSize.ofMebibytes(512), 1000, 512, DataSize.ofMebibytes(256), 4096, 0, 0);
}
