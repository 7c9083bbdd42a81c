package dev.faas.drivers.agent.wire;

import java.util.List;
import java.util.Map;

/// An environment variable.
public record NameValue(String name, String value) {

    static final int SMALLEST = 8;

    static NameValue read(PayloadReader in) throws WireException {
        return new NameValue(in.text(), in.text());
    }

    static void write(PayloadWriter out, NameValue pair) {
        out.text(pair.name).text(pair.value);
    }

    public static List<NameValue> listOf(Map<String, String> env) {
        return env.entrySet().stream()
                .map(entry -> new NameValue(entry.getKey(), entry.getValue()))
                .toList();
    }
}
