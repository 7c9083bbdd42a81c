package dev.faas.drivers.docker;

import com.github.dockerjava.api.model.AuthConfig;
import dev.faas.core.image.ImageReference;
import dev.faas.core.image.RegistryLogins;
import java.io.IOException;
import java.util.Optional;

/// The platform's logins, as an engine that pulls for it wants them. Thread-safe.
record EngineLogins(Engine engine, RegistryLogins logins) {

    /// Empty for a pull as nobody.
    ///
    /// @throws IOException if there may be a login but it can't be found out
    Optional<AuthConfig> find(ImageReference reference) throws IOException, InterruptedException {
        var registry = reference.registry().or(this::standardRegistry);
        return registry.isEmpty()
                ? Optional.empty()
                : logins.find(registry.get()).map(login -> authorization(registry.get(), login));
    }

    /// Where the engine looks for names without a registry; logins to it are kept under this address.
    private Optional<String> standardRegistry() {
        var info = engine.ask("asking the engine for its registry", client -> client.infoCmd().exec());
        return Optional.ofNullable(info.getIndexServerAddress()).filter(address -> !address.isEmpty());
    }

    private static AuthConfig authorization(String registry, RegistryLogins.Login login) {
        var config = new AuthConfig().withRegistryAddress(registry);
        return login.identityToken()
                ? config.withIdentityToken(login.secret())
                : config.withUsername(login.user()).withPassword(login.secret());
    }
}
