package dev.faas.gateway.auth;

import dev.faas.core.common.ErrorCode;
import dev.faas.core.common.PlatformException;
import java.security.MessageDigest;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Finds out who asks. Without keys everybody on this machine is the default tenant. Thread-safe.
public final class Authenticator {

    private static final Caller ANYBODY = new Caller("local", ApiKey.DEFAULT_TENANT, EnumSet.allOf(Scope.class));
    private static final String BEARER = "bearer ";
    private static final int MAX_KEY_LENGTH = 256;

    private final List<ApiKey> keys;

    public Authenticator(List<ApiKey> keys) {
        this.keys = List.copyOf(keys);
    }

    /// Whether callers need no key.
    public boolean isOpen() {
        return keys.isEmpty();
    }

    /// @param authorization the header of that name
    /// @param apiKey        the header `X-API-Key`
    /// @throws PlatformException `UNAUTHORIZED`
    public Caller authenticate(Optional<String> authorization, Optional<String> apiKey) {
        if (isOpen()) {
            return ANYBODY;
        }
        var presented = apiKey.or(() -> authorization.flatMap(Authenticator::bearer))
                .filter(key -> key.length() <= MAX_KEY_LENGTH)
                .orElseThrow(() -> new PlatformException(
                        ErrorCode.UNAUTHORIZED,
                        "send an API key as 'Authorization: Bearer faas_…' or 'X-API-Key: faas_…'"));
        var hash = ApiKey.sha256(presented);
        var match = matching(hash);
        if (match == null) {
            throw new PlatformException(ErrorCode.UNAUTHORIZED, "the API key is not known here");
        }
        return match.caller();
    }

    /// Compares with every key, each in constant time, so that the time tells nothing about any of them.
    private @Nullable ApiKey matching(byte[] hash) {
        ApiKey match = null;
        for (var key : keys) {
            if (MessageDigest.isEqual(key.hash(), hash)) {
                match = key;
            }
        }
        return match;
    }

    private static Optional<String> bearer(String authorization) {
        return authorization.regionMatches(true, 0, BEARER, 0, BEARER.length())
                ? Optional.of(authorization.substring(BEARER.length()).strip())
                : Optional.empty();
    }
}
