package dev.faas.drivers.docker;

import org.jspecify.annotations.Nullable;

/// Makes the engine's messages readable: docker-java wraps them as `Status 404: {"message":"No such image: x"}`.
final class EngineText {

    private static final String FIELD = "{\"message\":\"";
    private static final int MAX_LENGTH = 600;

    private EngineText() {}

    static String message(@Nullable String wrapped) {
        var text = String.valueOf(wrapped).strip();
        int start = text.indexOf(FIELD);
        int end = text.lastIndexOf("\"}");
        if (start >= 0 && end > start + FIELD.length()) {
            text = text.substring(start + FIELD.length(), end).replace("\\\"", "\"").replace("\\n", " ");
        }
        return text.length() > MAX_LENGTH ? text.substring(0, MAX_LENGTH) + "…" : text;
    }

    /// The message of the innermost cause: docker-java wraps a refused connection three times.
    static String rootMessage(Throwable failure) {
        var root = failure;
        while (root.getCause() != null && root.getCause() != root) {
            root = root.getCause();
        }
        var text = root.getMessage();
        return text == null || text.isBlank() ? root.getClass().getSimpleName() : message(text);
    }
}
