package dev.faas.gateway.route;

import dev.faas.core.common.PlatformException;
import dev.faas.gateway.http.Exchange;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/// The query parameters all lists share.
final class ListQuery {

    private static final int DEFAULT_LIMIT = 50;
    private static final int MAX_LIMIT = 500;
    private static final int MAX_LABELS = 16;
    private static final int MAX_CURSOR = 256;

    private ListQuery() {}

    static Map<String, String> labels(Exchange exchange) {
        var filters = exchange.queryAll("label");
        var labels = new LinkedHashMap<String, String>();
        if (filters.size() > MAX_LABELS) {
            throw PlatformException.invalid("label", "is given more than " + MAX_LABELS + " times");
        }
        for (var filter : filters) {
            int equals = filter.indexOf('=');
            if (equals < 1) {
                throw PlatformException.invalid("label", "must be name=value");
            }
            labels.put(filter.substring(0, equals), filter.substring(equals + 1));
        }
        return labels;
    }

    static int limit(Exchange exchange) {
        var text = exchange.query("limit");
        if (text.isEmpty()) {
            return DEFAULT_LIMIT;
        }
        if (!text.get().matches("[1-9]\\d{0,2}") || Integer.parseInt(text.get()) > MAX_LIMIT) {
            throw PlatformException.invalid("limit", "must be a whole number from 1 to " + MAX_LIMIT);
        }
        return Integer.parseInt(text.get());
    }

    static Optional<String> cursor(Exchange exchange) {
        var cursor = exchange.query("cursor");
        if (cursor.filter(text -> text.length() > MAX_CURSOR).isPresent()) {
            throw PlatformException.invalid("cursor", "is not one this interface has given out");
        }
        return cursor;
    }
}
