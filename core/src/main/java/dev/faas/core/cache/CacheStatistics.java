package dev.faas.core.cache;

/// How the mode `cached` does, for one tenant or for all of them.
///
/// @param entries   results that are kept now
/// @param bytes     of their output and files
/// @param hits      answered with a result that was known; this and the rest are counted since the start of the server
/// @param misses    had to run
/// @param joined    answered with the result of a run for an equal execution
/// @param evictions removed for want of room
/// @param dropped   could have been kept, but the database didn't take it or was too slow
public record CacheStatistics(
        long entries, long bytes, long hits, long misses, long joined, long evictions, long dropped) {

    /// Of all that came to an answer, the share that had not to run because the result was known; 0 before the first.
    public double hitRate() {
        long all = hits + misses + joined;
        return all == 0 ? 0 : (double) hits / all;
    }
}
