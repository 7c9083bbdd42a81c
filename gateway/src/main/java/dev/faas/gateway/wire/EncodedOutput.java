package dev.faas.gateway.wire;

import dev.faas.api.OutputText;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;

/// Output bytes ready for JSON: text when they are valid UTF-8, otherwise base64.
///
/// @param encoding which of the two
public record EncodedOutput(String text, String encoding) {

    private static final EncodedOutput EMPTY = new EncodedOutput("", OutputText.UTF_8);

    /// @param isTruncated where something was cut off behind them, an incomplete last character goes with it
    public static EncodedOutput of(byte[] bytes, boolean isTruncated) {
        return of(bytes, 0, bytes.length - (isTruncated ? Utf8.incompleteTail(bytes, 0, bytes.length) : 0));
    }

    public static EncodedOutput of(byte[] bytes, int from, int to) {
        if (from == to) {
            return EMPTY;
        }
        if (Utf8.isValid(bytes, from, to)) {
            return new EncodedOutput(new String(bytes, from, to - from, StandardCharsets.UTF_8), OutputText.UTF_8);
        }
        return new EncodedOutput(
                Base64.getEncoder().encodeToString(Arrays.copyOfRange(bytes, from, to)), OutputText.BASE64);
    }
}
