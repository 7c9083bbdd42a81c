package dev.faas.gateway.limit;

import dev.faas.core.common.DataSize;
import java.time.Duration;

/// The bounds of connections and requests.
///
/// @param maxBody            of any request but an image import
/// @param maxImport          of an image import
/// @param maxHeaders         the request line and all header lines together
/// @param maxRequestLine     method, path and query
/// @param maxConnections     beyond it new connections wait in the kernel's queue
/// @param maxRequests        requests of executions at work at once; one more is answered 429
/// @param headerTimeout      from a request's first byte to the end of its headers
/// @param bodyGrace          from the end of the headers, a body may be as slow as it likes for so long
/// @param minBodyRate        bytes a second; what is slower after the grace is cut off
/// @param idleTimeout        how long a connection may wait for its next request, and a reader for the next byte
public record HttpLimits(
        DataSize maxBody,
        DataSize maxImport,
        DataSize maxHeaders,
        DataSize maxRequestLine,
        int maxConnections,
        int maxRequests,
        Duration headerTimeout,
        Duration bodyGrace,
        DataSize minBodyRate,
        Duration idleTimeout) {

    public static final HttpLimits DEFAULT = new HttpLimits(
            DataSize.ofMebibytes(32),
            DataSize.ofMebibytes(16L * 1024),
            DataSize.ofBytes(16 * DataSize.KIB),
            DataSize.ofBytes(8 * DataSize.KIB),
            8192,
            4096,
            Duration.ofSeconds(10),
            Duration.ofSeconds(20),
            DataSize.ofBytes(16 * DataSize.KIB),
            Duration.ofSeconds(60));
}
