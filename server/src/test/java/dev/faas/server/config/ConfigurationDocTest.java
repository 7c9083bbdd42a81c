package dev.faas.server.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/// The table in docs/configuration.md is what the program reads: no key more, no key less, the same defaults.
class ConfigurationDocTest {

    private static final Path DOCUMENT = Path.of(System.getProperty("faas.root"), "docs", "configuration.md");
    private static final String HEADING = "| key | variable | value | default | meaning |\n|---|---|---|---|---|\n";

    @Test
    void theTableSaysWhatTheProgramReads() throws IOException {
        var table = HEADING + settings().stream().map(ConfigurationDocTest::row).collect(Collectors.joining());
        // Where the test fails, this is the table to put into the document.
        Files.writeString(Files.createDirectories(Path.of("target")).resolve("configuration-table.md"), table);
        assertThat(Files.readString(DOCUMENT)).contains(table);
    }

    @Test
    void everyVariableBelongsToOneKey() {
        assertThat(settings()).extracting(setting -> setting.key().variable()).doesNotHaveDuplicates();
        assertThat(settings()).extracting(setting -> setting.key().documentation()).allSatisfy(text -> assertThat(text).isNotBlank());
    }

    private static List<Setting> settings() {
        var surroundings = new Surroundings(Path.of("."), Path.of("/var/lib/faas"), Map.of());
        return ServerConfig.read(new Settings(List.of()), surroundings).effective();
    }

    private static String row(Setting setting) {
        var shown = setting.defaultValue().isEmpty() ? "" : "`" + setting.defaultValue() + "`";
        return "| `%s` | `%s` | %s | %s | %s |\n"
                .formatted(setting.key().name(), setting.key().variable(), setting.type(), shown, setting.key().documentation());
    }
}
