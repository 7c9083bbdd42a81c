package dev.faas.server.config;

/// A setting as it was read.
///
/// @param type         what may be written: `text`, `number`, `duration`, …
/// @param defaultValue as it would be written
/// @param value        in effect, as written; stars if it is secret
/// @param source       where the value came from
public record Setting(Key key, String type, String defaultValue, String value, String source) {}
