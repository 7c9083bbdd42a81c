package dev.faas.core.image;

import java.io.IOException;
import java.util.Optional;

/// Who the platform is to a registry of images. One source for everybody who pulls. Thread-safe.
@FunctionalInterface
public interface RegistryLogins {

    /// @param registry its `host` or `host:port`, or the whole address that is the key of some
    /// @return empty for a registry that knows nobody here
    /// @throws IOException if there may be a login but it can't be found out
    Optional<Login> find(String registry) throws IOException, InterruptedException;

    /// @param secret        a password, or a token to get access tokens with
    /// @param identityToken which of the two
    record Login(String user, String secret, boolean identityToken) {

        @Override
        public String toString() {
            return "Login[" + user + ", ***]";
        }
    }
}
