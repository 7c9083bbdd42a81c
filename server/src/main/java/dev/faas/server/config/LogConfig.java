package dev.faas.server.config;

import java.util.Map;

/// @param level  of what is written
/// @param format of each line
public record LogConfig(String level, Format format) {

    public enum Format {
        /// JSON, unless a person is looking.
        AUTO,
        JSON,
        TEXT
    }

    static LogConfig read(Settings settings) {
        return new LogConfig(
                settings.choice(
                        Key.of("log.level", "What is logged."),
                        "info",
                        Map.of("error", "error", "warn", "warn", "info", "info", "debug", "debug")),
                settings.choice(
                        Key.of("log.format", "How; `auto` is text on a terminal and JSON elsewhere."),
                        Format.AUTO,
                        Map.of("auto", Format.AUTO, "json", Format.JSON, "text", Format.TEXT)));
    }

    /// Only what went wrong, in words, between the output of a command; unless somebody wants to see everything.
    public LogConfig quiet() {
        return level.equals("debug") ? new LogConfig(level, Format.TEXT) : new LogConfig("error", Format.TEXT);
    }

    /// With the format decided.
    public LogConfig on(boolean isInteractive) {
        return format == Format.AUTO ? new LogConfig(level, isInteractive ? Format.TEXT : Format.JSON) : this;
    }
}
