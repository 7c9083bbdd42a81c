package dev.faas.store.image.layout;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.regex.Pattern;

/// The name of some bytes: `sha256:` and 64 hexadecimal digits.
public record Digest(String value) {

    private static final String PREFIX = "sha256:";
    private static final Pattern SYNTAX = Pattern.compile("sha256:[0-9a-f]{64}");

    public Digest {
        if (!SYNTAX.matcher(value).matches()) {
            throw new IllegalArgumentException(
                    "'" + (value.length() > 100 ? value.substring(0, 100) : value) + "' is not a sha256 digest");
        }
    }

    public static Digest ofHex(String hex) {
        return new Digest(PREFIX + hex);
    }

    public static Digest of(byte[] content) {
        return ofHash(sha256().digest(content));
    }

    /// The digest a [MessageDigest] has come to; resets it.
    public static Digest of(MessageDigest finished) {
        return ofHash(finished.digest());
    }

    public static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }

    private static Digest ofHash(byte[] hash) {
        return new Digest(PREFIX + HexFormat.of().formatHex(hash));
    }

    public String hex() {
        return value.substring(PREFIX.length());
    }

    /// The first digits: enough for a person to tell two apart.
    public String brief() {
        return value.substring(PREFIX.length(), PREFIX.length() + 12);
    }

    @Override
    public String toString() {
        return value;
    }
}
