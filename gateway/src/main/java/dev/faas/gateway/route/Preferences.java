package dev.faas.gateway.route;

import dev.faas.gateway.http.Exchange;
import io.helidon.http.HeaderName;
import io.helidon.http.HeaderNames;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// What a client would like (`Prefer`, RFC 7240). What means nothing here, or can't be read, is ignored, as that document wants it:
/// `Preference-Applied` names what is not.
///
/// @param isAsync whether the client wants to be answered before the end
/// @param limit   how long it waits for the end
record Preferences(boolean isAsync, Optional<Duration> limit) {

    private static final HeaderName PREFER = HeaderNames.create("Prefer");
    private static final HeaderName APPLIED = HeaderNames.create("Preference-Applied");
    private static final String RESPOND_ASYNC = "respond-async";
    /// Whoever waits longer than a day may as well not say so.
    private static final Pattern WAIT = Pattern.compile("wait\\s*=\\s*\"?([0-9]{1,5})\"?");

    static Preferences of(Exchange exchange) {
        return of(exchange.headers(PREFER));
    }

    /// @param lines values of the header; the first of a name counts
    static Preferences of(List<String> lines) {
        var wishes = lines.stream()
                .flatMap(line -> Stream.of(line.split(",")))
                .map(wish -> wish.split(";", 2)[0].strip().toLowerCase(Locale.ROOT))
                .toList();
        var limit = wishes.stream().filter(wish -> wish.split("=", 2)[0].strip().equals("wait")).findFirst()
                .map(WAIT::matcher)
                .filter(matcher -> matcher.matches())
                .map(matcher -> Duration.ofSeconds(Long.parseLong(matcher.group(1))));
        return new Preferences(wishes.contains(RESPOND_ASYNC), limit);
    }

    /// Whether the answer may come before the end.
    boolean isBounded() {
        return isAsync || limit.isPresent();
    }

    void markApplied(Exchange exchange) {
        exchange.set(
                APPLIED,
                Stream.of(
                                isAsync ? Optional.of(RESPOND_ASYNC) : Optional.<String>empty(),
                                limit.map(time -> "wait=" + time.toSeconds()))
                        .flatMap(Optional::stream)
                        .collect(Collectors.joining(", ")));
    }
}
