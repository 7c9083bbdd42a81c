package dev.faas.gateway.auth;

import dev.faas.core.common.ErrorCode;
import dev.faas.core.common.PlatformException;
import java.util.Locale;
import java.util.Set;

/// Who sent a request.
///
/// @param name   the key's, for logs and records
/// @param tenant whose executions they see
public record Caller(String name, String tenant, Set<Scope> scopes) {

    public Caller {
        scopes = Set.copyOf(scopes);
    }

    /// @throws PlatformException `FORBIDDEN`
    public void require(Scope scope) {
        if (!scopes.contains(scope)) {
            throw new PlatformException(
                    ErrorCode.FORBIDDEN,
                    "key '" + name + "' lacks the scope '" + scope.name().toLowerCase(Locale.ROOT) + "'");
        }
    }
}
