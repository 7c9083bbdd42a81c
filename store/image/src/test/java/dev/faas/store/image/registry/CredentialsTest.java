package dev.faas.store.image.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.faas.core.image.RegistryLogins.Login;
import dev.faas.store.image.Scratch;
import java.io.IOException;
import java.nio.file.Files;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// The build puts the directory of the helper program these configurations name on the path.
class CredentialsTest {

    private final Scratch scratch = new Scratch();

    @AfterEach
    void clean() {
        scratch.close();
    }

    @Test
    void readsLoginsStoredInTheConfiguration() throws Exception {
        // "user:pass:word" and an address as older versions wrote it.
        var credentials = configured("""
                {"auths":{"https://registry.test:5000/v1/":{"auth":"dXNlcjpwYXNzOndvcmQ="},
                 "token.test":{"identitytoken":"opaque"},"empty.test":{}}}""");

        assertThat(credentials.find("registry.test:5000")).contains(new Login("user", "pass:word", false));
        assertThat(credentials.find("token.test")).contains(new Login("", "opaque", true));
        assertThat(credentials.find("empty.test")).isEmpty();
        assertThat(credentials.find("other.test")).isEmpty();
    }

    @Test
    void asksHelperPrograms() throws Exception {
        var helped = Optional.of(new Login("helped", "by a program", false));
        assertThat(configured("{\"credHelpers\":{\"known.test\":\"faas-test\"}}").find("known.test")).isEqualTo(helped);
        assertThat(configured("{\"credsStore\":\"faas-test\"}").find("known.test")).isEqualTo(helped);
        assertThat(configured("{\"credsStore\":\"faas-test\"}").find("unknown.test")).isEmpty();
    }

    @Test
    void knowsRegistriesByTheirWholeAddressToo() throws Exception {
        var address = "https://registry.test/v1/";
        var stored = "{\"auths\":{\"" + address + "\":{\"auth\":\"dTpw\"}}}";
        assertThat(configured(stored).find(address)).contains(new Login("u", "p", false));
        // The helper is asked for the address, as it was stored under.
        var helped = "{\"credHelpers\":{\"registry.test\":\"faas-test\"}}";
        assertThat(configured(helped).find(address)).contains(new Login("<token>", "opaque", true));
    }

    @Test
    void aHelperThatFailsIsNotAnUnknownLogin() {
        assertThatThrownBy(() -> configured("{\"credsStore\":\"faas-test\"}").find("broken.test"))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("docker-credential-faas-test failed: the keychain is locked");
        assertThatThrownBy(() -> configured("{\"credsStore\":\"faas-absent\"}").find("a.test"))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("docker-credential-faas-absent");
    }

    @Test
    void saysWhatIsWrongWithAConfiguration() throws Exception {
        assertThatThrownBy(() -> configured("{\"credsStore\":\"../../bin/sh\"}").find("a.test"))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("credential helper");
        assertThatThrownBy(() -> configured("{\"auths\":{\"a.test\":{\"auth\":\"%%\"}}}").find("a.test"))
                .hasMessageContaining("not base64");
        assertThatThrownBy(() -> configured("nonsense").find("a.test")).hasMessageContaining("config.json");
    }

    @Test
    void neverPrintsASecret() {
        assertThat(new Login("me", "secret", false)).asString().contains("me").doesNotContain("secret");
    }

    private Credentials configured(String json) throws IOException {
        return new Credentials(Optional.of(Files.writeString(scratch.resolve("config.json"), json)));
    }
}
