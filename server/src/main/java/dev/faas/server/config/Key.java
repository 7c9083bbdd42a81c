package dev.faas.server.config;

import java.util.Locale;

/// The name of a setting: in a file and after `--set` as it is written (`engine.max-running`), in the environment as
/// [#variable()].
///
/// @param name          lower case, dots between parts, dashes between words
/// @param variable      in the environment
/// @param documentation one sentence for the table in docs/configuration.md
public record Key(String name, String variable, String documentation) {

    /// A key whose variable is `FAAS_` and its name in capitals.
    public static Key of(String name, String documentation) {
        var variable = "FAAS_" + name.replace('.', '_').replace('-', '_').toUpperCase(Locale.ROOT);
        return new Key(name, variable, documentation);
    }

    /// The same with a variable that an earlier system made known.
    public Key as(String knownVariable) {
        return new Key(name, knownVariable, documentation);
    }
}
