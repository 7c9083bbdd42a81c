package dev.faas.server.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;

/// The two cases every reader of settings is tested with: nothing is set, and everything is set.
final class TwoCases {

    private TwoCases() {}

    static <T> void assertDefaults(Function<Settings, T> reader, T expected) {
        var settings = new Settings(List.of());
        assertThat(reader.apply(settings)).isEqualTo(expected);
        assertThat(settings.finish()).isNotEmpty();
    }

    /// Fails too if a key is left out, or is given its default and so proves nothing.
    static <T> void assertEveryKeyIsMapped(Function<Settings, T> reader, Map<String, String> written, T expected) {
        var settings = new Settings(List.of(Source.flags(written)));
        assertThat(reader.apply(settings)).isEqualTo(expected);
        var declared = settings.finish();
        assertThat(declared.stream().map(setting -> setting.key().name())).containsExactlyInAnyOrderElementsOf(written.keySet());
        assertThat(declared.stream()
                        .filter(setting -> setting.defaultValue().equals(written.get(setting.key().name())))
                        .map(setting -> setting.key().name())
                        .collect(Collectors.toList()))
                .as("keys written with their default value")
                .isEmpty();
    }
}
