package dev.faas.server.config;

/// A value that must not be shown. Only [#reveal] gives it away.
public record Secret(String reveal) {

    public static final Secret NONE = new Secret("");

    public boolean isEmpty() {
        return reveal.isEmpty();
    }

    /// Stars, whatever the length.
    @Override
    public String toString() {
        return isEmpty() ? "" : "******";
    }
}
