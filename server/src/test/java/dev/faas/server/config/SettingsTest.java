package dev.faas.server.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.faas.core.common.DataSize;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SettingsTest {

    private static final Key ROOM = Key.of("house.room-count", "Rooms.");

    @TempDir
    Path folder;

    @Test
    void aStrongerSourceWins() throws IOException {
        var file = Source.file(Files.writeString(folder.resolve("faas.conf"), "# rooms\n\n house.room-count = 2 \n"));
        var environment = Source.environment(Map.of("FAAS_HOUSE_ROOM_COUNT", "3", "HOME", "/x"));
        var flags = Source.flags(Map.of("house.room-count", "4"));

        assertThat(new Settings(List.of()).number(ROOM, 1, 0, 9)).isEqualTo(1);
        assertThat(new Settings(List.of(file)).number(ROOM, 1, 0, 9)).isEqualTo(2);
        assertThat(new Settings(List.of(file, environment)).number(ROOM, 1, 0, 9)).isEqualTo(3);
        assertThat(new Settings(List.of(file, environment, flags)).number(ROOM, 1, 0, 9)).isEqualTo(4);
    }

    @Test
    void refusesUnknownKeysAndSaysWhatWasMeant() {
        var settings = new Settings(List.of(
                Source.environment(Map.of("FAAS_HOUSE_ROM_COUNT", "3", "PATH", "x", "FAAS_URL", "x")),
                Source.flags(Map.of("zzz", "1"))));
        settings.number(ROOM, 1, 0, 9);
        assertThatThrownBy(settings::finish)
                .isInstanceOfSatisfying(ConfigException.class, e -> assertThat(e.problems()).containsExactly(
                        "command line: 'zzz' is not a setting; docs/configuration.md lists them all",
                        "environment: 'FAAS_HOUSE_ROM_COUNT' is not a setting, did you mean 'FAAS_HOUSE_ROOM_COUNT'?;"
                                + " docs/configuration.md lists them all"));
    }

    @Test
    void namesEveryMalformedValueAndItsSource() {
        var settings = new Settings(List.of(Source.flags(Map.of("house.room-count", "10", "a", "5 parsecs", "b", "maybe"))));
        settings.number(ROOM, 1, 0, 9);
        settings.duration(Key.of("a", ""), Duration.ZERO);
        settings.flag(Key.of("b", ""), false);
        assertThatThrownBy(settings::finish).isInstanceOfSatisfying(ConfigException.class, e -> assertThat(e.problems())
                .containsExactly(
                        "command line: house.room-count = '10' can't be used; expected: 0 to 9",
                        "command line: a = '5 parsecs' can't be used; expected: duration",
                        "command line: b = 'maybe' can't be used; expected: true, false"));
    }

    @Test
    void aSecretIsNeverShown() {
        var settings = new Settings(List.of(Source.flags(Map.of("db.password", "tr0ub4dor"))));
        var secret = settings.secret(Key.of("db.password", ""));
        assertThat(secret.reveal()).isEqualTo("tr0ub4dor");
        assertThat(secret.toString() + settings.finish()).doesNotContain("tr0ub4dor").contains("******");
    }

    @Test
    void refusesAFileItDoesNotUnderstand() throws IOException {
        var file = Files.writeString(folder.resolve("faas.conf"), "a = 1\nb: 2\na = 3\n");
        assertThatThrownBy(() -> Source.file(file)).isInstanceOfSatisfying(ConfigException.class, e -> assertThat(e.problems())
                .containsExactly(
                        file + ":2: write 'key = value', or start the line with # to comment it out",
                        file + ":3: a is set twice"));
        assertThatThrownBy(() -> Source.file(folder.resolve("none"))).hasMessageContaining("can't be read");
    }

    @Test
    void readsQuantitiesAndWritesThemTheSameWay() {
        for (var text : List.of("0s", "250ms", "30s", "90s", "10m", "7d")) {
            assertThat(Units.format(Units.parseDuration(text))).isEqualTo(text);
        }
        for (var text : List.of("0", "1000", "64KiB", "512MiB", "3GiB")) {
            assertThat(Units.parseSize(Units.format(Units.parseSize(text)))).isEqualTo(Units.parseSize(text));
        }
        assertThat(Units.parseSize("512m")).isEqualTo(DataSize.ofMebibytes(512));
        assertThat(Units.format(DataSize.ofMebibytes(512))).isEqualTo("512MiB");
        assertThatThrownBy(() -> Units.parseSize("9999999999999GiB")).isInstanceOf(ArithmeticException.class);
    }
}
