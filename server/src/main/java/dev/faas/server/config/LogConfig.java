package dev.faas.server.config;

import java.util.Map;

/// @param level  of what is written
/// @param format of each line
/// @param server what this server calls itself when it starts and stops; may be empty
public record LogConfig(String level, Format format, String server) {

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
                        Map.of("auto", Format.AUTO, "json", Format.JSON, "text", Format.TEXT)),
                settings.text(
                        Key.of("server.name", "What this server calls itself in the lines it logs when it starts and stops.")
                                .as("WORKER_ID"),
                        ""));
    }

    /// Only what went wrong, in words, between the output of a command; unless somebody wants to see everything.
    public LogConfig quiet() {
        return level.equals("debug") ? new LogConfig(level, Format.TEXT, server) : new LogConfig("error", Format.TEXT, server);
    }

    /// With the format decided.
    public LogConfig on(boolean isInteractive) {
        return format == Format.AUTO ? new LogConfig(level, isInteractive ? Format.TEXT : Format.JSON, server) : this;
    }
}
