package dev.faas.store.image.unpack;

import java.io.IOException;

/// An archive that is malformed, exceeds a limit or tries to reach outside its own directory. The message names the
/// entry.
public final class UnsafeArchiveException extends IOException {

    private static final long serialVersionUID = 1L;

    public UnsafeArchiveException(String message) {
        super(message);
    }

    public UnsafeArchiveException(String message, Throwable cause) {
        super(message, cause);
    }
}
