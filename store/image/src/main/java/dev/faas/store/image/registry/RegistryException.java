package dev.faas.store.image.registry;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/// A registry that did not give what it was asked for. The message names the registry, what was asked and the answer.
public final class RegistryException extends IOException {

    private static final long serialVersionUID = 1L;

    private final Kind kind;

    RegistryException(Kind kind, String message) {
        this(kind, message, null);
    }

    RegistryException(Kind kind, String message, @Nullable Throwable cause) {
        super(message, cause);
        this.kind = kind;
    }

    public Kind kind() {
        return kind;
    }

    /// Why.
    public enum Kind {
        /// The registry answered: there is no such thing.
        NOT_FOUND,
        /// The registry wants other credentials, or any.
        DENIED,
        /// It can't be reached, is overloaded or breaks off; another try may succeed.
        UNREACHABLE,
        /// What it sent is not what it should be.
        INVALID
    }
}
