package dev.faas.core.instance;

import java.time.Duration;

/// Times as people say them.
final class InstanceWords {

    private InstanceWords() {}

    /// `90s`, `250ms`.
    static String of(Duration duration) {
        return duration.toMillisPart() == 0 ? duration.toSeconds() + "s" : duration.toMillis() + "ms";
    }
}
