package dev.faas.gateway.http;

import java.util.Optional;
import java.util.regex.Pattern;

/// The W3C trace context header. What is not well formed counts as absent, as the recommendation wants.
final class TraceParent {

    private static final Pattern SYNTAX = Pattern.compile(
            "(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-[!-~]{0,200})?");

    private TraceParent() {}

    static Optional<String> accept(Optional<String> header) {
        return header.filter(value -> SYNTAX.matcher(value).matches())
                // Version 00 has nothing behind the flags.
                .filter(value -> !value.startsWith("00") || value.length() == 55);
    }
}
