package dev.faas.core.image;

import dev.faas.core.common.PlatformException;
import java.util.Optional;
import java.util.regex.Pattern;

/// A name an image is asked for by, as the container engines write it: `faas/base`, `alpine:3.20`,
/// `registry.example:5000/team/app@sha256:…`. Kept as written; [#canonical()] fills in the tag.
public record ImageReference(String value) {

    /// The longest reference accepted.
    public static final int MAX_LENGTH = 512;

    private static final Pattern SYNTAX = Pattern.compile(
            "(?:(?<host>[a-zA-Z0-9.-]+(?::[0-9]{1,5})?)/)?"
                    + "(?<path>[a-z0-9]+(?:[._-]+[a-z0-9]+)*(?:/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*)"
                    + "(?::(?<tag>[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?"
                    + "(?:@(?<digest>sha256:[0-9a-f]{64}))?");

    public ImageReference {
        if (value.length() > MAX_LENGTH || !SYNTAX.matcher(value).matches()) {
            var shown = value.length() > 80 ? value.substring(0, 80) + "…" : value;
            throw PlatformException.invalid(
                    "image", "'" + shown + "' is not an image reference; write name, name:tag or name@sha256:<64 hex digits>");
        }
    }

    public static ImageReference of(String value) {
        return new ImageReference(value);
    }

    /// Whether the reference pins a digest.
    public boolean isPinned() {
        return value.indexOf('@') >= 0;
    }

    /// The registry it names, if any. As for every container engine, a first component is a registry if it has a dot or
    /// a port or is `localhost`.
    public Optional<String> registry() {
        int slash = value.indexOf('/');
        var first = slash < 0 ? "" : value.substring(0, slash);
        boolean named = first.indexOf('.') >= 0 || first.indexOf(':') >= 0 || first.equals("localhost");
        return named ? Optional.of(first) : Optional.empty();
    }

    /// The reference with `:latest` added when it names neither a tag nor a digest.
    public String canonical() {
        var matcher = SYNTAX.matcher(value);
        matcher.matches();
        return matcher.group("tag") == null && matcher.group("digest") == null ? value + ":latest" : value;
    }

    @Override
    public String toString() {
        return value;
    }
}
