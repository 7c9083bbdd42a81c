package dev.faas.api;

import java.nio.charset.StandardCharsets;
import java.util.Base64;

/// How bytes travel in JSON: as text when they are valid UTF-8, otherwise as base64. What says which is called
/// `encoding`.
public final class OutputText {

    public static final String UTF_8 = "utf-8";
    public static final String BASE64 = "base64";

    private OutputText() {}

    /// The bytes again.
    public static byte[] decode(String text, String encoding) {
        return encoding.equals(BASE64) ? Base64.getDecoder().decode(text) : text.getBytes(StandardCharsets.UTF_8);
    }
}
