package dev.faas.core.common;

import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// A failure of the platform or a refusal by it, never of the user's command: that is an
/// [dev.faas.core.execution.Outcome]. The message is meant for the caller: it says what failed and what to do next.
public final class PlatformException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final ErrorCode code;
    private final transient List<FieldError> fields;
    private final @Nullable Duration retryAfter;

    public PlatformException(ErrorCode code, String message) {
        this(code, message, null, List.of(), null);
    }

    public PlatformException(ErrorCode code, String message, @Nullable Throwable cause) {
        this(code, message, cause, List.of(), null);
    }

    private PlatformException(
            ErrorCode code,
            String message,
            @Nullable Throwable cause,
            List<FieldError> fields,
            @Nullable Duration retryAfter) {
        super(message, cause);
        this.code = Objects.requireNonNull(code);
        this.fields = List.copyOf(fields);
        this.retryAfter = retryAfter;
    }

    /// A refusal that names each field at fault.
    public static PlatformException invalid(List<FieldError> fields) {
        var first = fields.getFirst();
        return new PlatformException(
                ErrorCode.VALIDATION_FAILED, first.field() + ": " + first.message(), null, fields, null);
    }

    /// A refusal because of one field.
    public static PlatformException invalid(String field, String message) {
        return invalid(List.of(new FieldError(field, message)));
    }

    /// A refusal that will probably not be repeated after the given time.
    public static PlatformException retryLater(ErrorCode code, String message, Duration retryAfter) {
        return new PlatformException(code, message, null, List.of(), retryAfter);
    }

    public ErrorCode code() {
        return code;
    }

    /// The fields at fault; empty unless the request was refused because of them.
    public List<FieldError> fields() {
        return fields;
    }

    /// When it makes sense to try again, if that can be told.
    public Optional<Duration> retryAfter() {
        return Optional.ofNullable(retryAfter);
    }

    /// What is wrong with one field, named as on the wire (`limits.memory_mb`, `files[2].path`).
    public record FieldError(String field, String message) {}
}
