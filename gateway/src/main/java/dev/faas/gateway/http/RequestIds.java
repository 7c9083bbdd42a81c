package dev.faas.gateway.http;

import dev.faas.core.common.Ids;
import java.time.Clock;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.regex.Pattern;

/// Ids of HTTP requests: the client's own if it is fit for logs and headers, otherwise a new one. Nothing is protected
/// by them.
final class RequestIds {

    private static final Pattern ACCEPTED = Pattern.compile("[A-Za-z0-9._-]{1,128}");
    private static final Ids IDS =
            new Ids(Clock.systemUTC(), () -> ThreadLocalRandom.current().nextLong());

    private RequestIds() {}

    static String of(Optional<String> header) {
        return header.filter(id -> ACCEPTED.matcher(id).matches()).orElseGet(RequestIds::next);
    }

    static String next() {
        return IDS.next("req");
    }
}
