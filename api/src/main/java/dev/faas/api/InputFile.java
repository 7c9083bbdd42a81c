package dev.faas.api;

import java.util.Base64;
import org.jspecify.annotations.Nullable;

/// A file to put into the sandbox before the command starts.
///
/// @param path     absolute; missing directories are made
/// @param content  as `encoding` says
/// @param encoding `text` or `base64`
/// @param mode     permission bits in octal, `0644` when left out
public record InputFile(
        String path,
        String content,
        @Nullable String encoding,
        @Nullable String mode) {

    public static InputFile text(String path, String content) {
        return new InputFile(path, content, "text", null);
    }

    public static InputFile bytes(String path, byte[] content) {
        return new InputFile(path, Base64.getEncoder().encodeToString(content), "base64", null);
    }
}
