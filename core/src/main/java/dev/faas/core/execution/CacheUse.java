package dev.faas.core.execution;

import java.util.Locale;

/// Where the result of an execution in the mode `cached` came from.
///
/// @param source id of the execution that ran the command; empty if that is this one
public record CacheUse(Kind kind, String source) {

    static final CacheUse MISS = new CacheUse(Kind.MISS, "");

    public enum Kind {
        /// It was known; nothing ran.
        HIT,
        /// It wasn't; the command ran for this execution.
        MISS,
        /// An equal execution was about to run or running; its result counts for this one too.
        JOINED;

        public String wire() {
            return name().toLowerCase(Locale.ROOT);
        }
    }
}
