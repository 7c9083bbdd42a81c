package dev.faas.store.image.registry;

import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/// What a registry wants before it answers: the `WWW-Authenticate` header of a 401.
///
/// @param scheme     `basic` or `bearer`
/// @param parameters such as `realm`, `service` and `scope`
record Challenge(String scheme, Map<String, String> parameters) {

    private static final Pattern PARAMETER = Pattern.compile("([A-Za-z_]+)=(?:\"([^\"]*)\"|([^\\s,]+))");

    static Optional<Challenge> parse(String header) {
        int space = header.indexOf(' ');
        String scheme = (space < 0 ? header : header.substring(0, space)).toLowerCase(Locale.ROOT);
        if (!scheme.equals("basic") && !scheme.equals("bearer")) {
            return Optional.empty();
        }
        Map<String, String> parameters = new HashMap<>();
        var matcher = PARAMETER.matcher(header);
        while (matcher.find()) {
            String quoted = matcher.group(2);
            parameters.put(matcher.group(1).toLowerCase(Locale.ROOT), quoted == null ? matcher.group(3) : quoted);
        }
        return Optional.of(new Challenge(scheme, parameters));
    }

    String parameter(String name) {
        return parameters.getOrDefault(name, "");
    }
}
