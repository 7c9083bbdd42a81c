package dev.faas.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.faas.cli.CommandException;
import dev.faas.gateway.auth.ApiKey;
import dev.faas.server.config.ServerConfig;
import dev.faas.server.config.Surroundings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ApiKeysTest {

    @TempDir
    Path data;

    @Test
    void keepsTheHashOnlyAndForItsOwnerOnly() throws IOException {
        var key = ApiKeys.create(data, "ci");
        var file = Path.of(key.storedIn());
        assertThat(Files.readString(file)).doesNotContain(key.key()).contains(ApiKey.hashOf(key.key()));
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file))).isEqualTo("rw-------");
    }

    @Test
    void theServerReadsWhatWasMade() {
        ApiKeys.create(data, "ci");
        ApiKeys.create(data, "laptop");
        var surroundings = new Surroundings(Path.of("/opt/faas"), data, Map.of());
        var config = ServerConfig.load(surroundings, Optional.empty(), Map.of("server.addr", ":0"));
        assertThat(config.gateway().keys()).extracting(ApiKey::name).containsExactly("ci", "laptop");
    }

    @Test
    void refusesANameTwiceAndANameThatIsNone() {
        ApiKeys.create(data, "ci");
        assertThatThrownBy(() -> ApiKeys.create(data, "ci")).isInstanceOf(CommandException.class).hasMessageContaining("already");
        assertThatThrownBy(() -> ApiKeys.create(data, "a b")).isInstanceOf(CommandException.class).hasMessageContaining("'a b'");
    }
}
