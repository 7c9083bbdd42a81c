package dev.faas.gateway.auth;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Base64;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;

/// A key as the configuration holds it: hashed. Keys have 256 random bits, so a fast hash without salt is safe: there
/// is nothing to guess.
///
/// @param hash SHA-256 of the key
public record ApiKey(String name, byte[] hash, String tenant, Set<Scope> scopes) {

    public static final String PREFIX = "faas_";
    public static final String DEFAULT_TENANT = "default";

    private static final int RANDOM_BYTES = 32;
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_.-]{1,64}");
    private static final Pattern HASH = Pattern.compile("[0-9a-f]{64}");

    public ApiKey {
        scopes = Set.copyOf(scopes);
        hash = hash.clone();
    }

    /// Reads `name:sha256hex`, `name:sha256hex:tenant` or `name:sha256hex:tenant:scope+scope`; the default is every
    /// scope.
    public static ApiKey parse(String text) {
        var parts = text.strip().split(":", -1);
        if (parts.length < 2
                || parts.length > 4
                || !NAME.matcher(parts[0]).matches()
                || !HASH.matcher(parts[1]).matches()) {
            // What was given may be a key in the clear by mistake: it must not reach a log.
            throw new IllegalArgumentException(
                    "an API key is written name:<SHA-256 of the key, 64 hex digits>[:tenant[:scope+scope]]");
        }
        var tenant = parts.length > 2 ? parts[2] : DEFAULT_TENANT;
        if (!NAME.matcher(tenant).matches()) {
            throw new IllegalArgumentException("API key '" + parts[0] + "': a tenant is 1 to 64 of A-Z a-z 0-9 _ . -");
        }
        var scopes = EnumSet.allOf(Scope.class);
        if (parts.length > 3) {
            scopes.clear();
            for (var scope : parts[3].split("\\+")) {
                scopes.add(scope(parts[0], scope));
            }
        }
        return new ApiKey(parts[0], HexFormat.of().parseHex(parts[1]), tenant, scopes);
    }

    private static Scope scope(String key, String text) {
        return Arrays.stream(Scope.values())
                .filter(scope -> scope.name().toLowerCase(Locale.ROOT).equals(text))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(
                        "API key '" + key + "': '" + text + "' is not a scope; use read, execute, images"));
    }

    /// A new key in the clear, to show once and to store as [#hashOf].
    public static String generate(SecureRandom random) {
        var bytes = new byte[RANDOM_BYTES];
        random.nextBytes(bytes);
        return PREFIX + Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }

    /// The form in which configurations hold a key.
    public static String hashOf(String key) {
        return HexFormat.of().formatHex(sha256(key));
    }

    static byte[] sha256(String key) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(key.getBytes(StandardCharsets.UTF_8));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }

    Caller caller() {
        return new Caller(name, tenant, scopes);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof ApiKey key && name.equals(key.name) && Arrays.equals(hash, key.hash);
    }

    @Override
    public int hashCode() {
        return name.hashCode();
    }

    /// Without the hash.
    @Override
    public String toString() {
        return "ApiKey[" + name + ", tenant " + tenant + ", " + scopes + "]";
    }
}
