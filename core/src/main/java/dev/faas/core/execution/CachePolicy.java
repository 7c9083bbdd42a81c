package dev.faas.core.execution;

import java.time.Duration;
import java.util.Optional;

/// What a request in the mode `cached` says about results that are known already.
///
/// @param key           the caller's own name; only requests with the same one share results, which still need the same content. Empty if
///                      there is none
/// @param maxAge        an older result doesn't count, and the request's own is not kept for longer; empty = as the store is set up
/// @param isRefresh     runs the command whatever is known, and replaces it
/// @param keepsFailures also keeps the result of a command that exits with something else than 0
public record CachePolicy(String key, Optional<Duration> maxAge, boolean isRefresh, boolean keepsFailures) {

    /// What a request gets that says nothing.
    public static final CachePolicy DEFAULT = new CachePolicy("", Optional.empty(), false, false);
}
