package dev.faas.server.config;

import java.util.regex.Pattern;

/// `host:port` as people write it. `:8080` means every address of the machine; an IPv6 address stands in brackets.
record ListenAddress(String host, int port) {

    private static final Pattern SYNTAX = Pattern.compile("(?:\\[([0-9a-fA-F:.]+)]|([^:\\[\\]]*)):([0-9]{1,5})");
    private static final int MAX_PORT = 65_535;

    static ListenAddress parse(String text) {
        var matcher = SYNTAX.matcher(text);
        if (!matcher.matches() || Integer.parseInt(matcher.group(3)) > MAX_PORT) {
            throw new IllegalArgumentException("not an address: " + text);
        }
        var host = matcher.group(1) != null ? matcher.group(1) : matcher.group(2);
        return new ListenAddress(host.isEmpty() ? "0.0.0.0" : host, Integer.parseInt(matcher.group(3)));
    }

    @Override
    public String toString() {
        return (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + port;
    }
}
