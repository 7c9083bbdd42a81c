package dev.faas.bench;

import java.io.IOException;

/// One way of doing the thing a table compares. Confined to the measuring thread.
///
/// @param name        what the table calls it
/// @param temperature the level of `docs/benchmarks.md`: L1 image unpacked and nothing pooled, L2 pooled parts, L2p pooled sandbox, L5
///     warm; `-` without one
/// @param isolation   what separates it from the host, so that unlike things are not compared unawares
/// @param action      does it once, from the request to the last byte of an answer
record Contender(String name, String temperature, String isolation, Action action) {

    /// Does the thing once and checks its answer.
    @FunctionalInterface
    interface Action {

        /// @return nanoseconds it took, measured where the caller sits
        long run() throws IOException, InterruptedException;
    }
}
