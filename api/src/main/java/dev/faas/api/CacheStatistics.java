package dev.faas.api;

/// How the mode `cached` does for its caller. What is counted, is counted since the start of the server.
///
/// @param entries       results that are kept
/// @param sizeBytes     of their output and files
/// @param hits          answered with a result that was known
/// @param misses        had to run
/// @param joined        answered with the result of an equal execution at the same time
/// @param evictions     removed for want of room
/// @param dropped       could have been kept, but the database didn't take them
/// @param hitRate       hits of all that came to an answer
/// @param maxBytes      of all results of everybody
/// @param maxEntryBytes of one result; a larger one is not kept
/// @param defaultTtlMs  how long a result is kept whose request says nothing
public record CacheStatistics(
        long entries,
        long sizeBytes,
        long hits,
        long misses,
        long joined,
        long evictions,
        long dropped,
        double hitRate,
        long maxBytes,
        long maxEntryBytes,
        long defaultTtlMs) {}
