package dev.faas.core.common;

import java.util.Locale;

/// Every way the platform can refuse or fail, with what a caller needs to decide what to do next.
/// The wire carries [#wire()]; a code is never renamed or reused.
public enum ErrorCode {
    INVALID_REQUEST(ErrorClass.CALLER, 400, false),
    MALFORMED_JSON(ErrorClass.CALLER, 400, false),
    UNAUTHORIZED(ErrorClass.CALLER, 401, false),
    FORBIDDEN(ErrorClass.CALLER, 403, false),
    NOT_FOUND(ErrorClass.CALLER, 404, false),
    METHOD_NOT_ALLOWED(ErrorClass.CALLER, 405, false),
    REQUEST_TIMEOUT(ErrorClass.CALLER, 408, true),
    CONFLICT(ErrorClass.CALLER, 409, false),
    IDEMPOTENCY_IN_PROGRESS(ErrorClass.CALLER, 409, true),
    BODY_TOO_LARGE(ErrorClass.CALLER, 413, false),
    UNSUPPORTED_MEDIA_TYPE(ErrorClass.CALLER, 415, false),
    VALIDATION_FAILED(ErrorClass.CALLER, 422, false),
    IDEMPOTENCY_MISMATCH(ErrorClass.CALLER, 422, false),
    IMAGE_NOT_FOUND(ErrorClass.CALLER, 422, false),
    RUNTIME_UNAVAILABLE(ErrorClass.CALLER, 422, false),
    HEADERS_TOO_LARGE(ErrorClass.CALLER, 431, false),
    RATE_LIMITED(ErrorClass.CAPACITY, 429, true),
    CAPACITY_EXHAUSTED(ErrorClass.CAPACITY, 429, true),
    NOT_IMPLEMENTED(ErrorClass.CALLER, 501, false),
    SHUTTING_DOWN(ErrorClass.CAPACITY, 503, true),
    SANDBOX_FAILED(ErrorClass.DEPENDENCY, 503, true),
    RUNTIME_FAILED(ErrorClass.DEPENDENCY, 503, true),
    IMAGE_PULL_FAILED(ErrorClass.DEPENDENCY, 503, true),
    STORE_UNAVAILABLE(ErrorClass.DEPENDENCY, 503, true),
    STORAGE_FULL(ErrorClass.CAPACITY, 503, true),
    DEADLINE_EXCEEDED(ErrorClass.CAPACITY, 504, true),
    INTERNAL(ErrorClass.INTERNAL, 500, true);

    private final ErrorClass errorClass;
    private final int httpStatus;
    private final boolean retryable;

    ErrorCode(ErrorClass errorClass, int httpStatus, boolean retryable) {
        this.errorClass = errorClass;
        this.httpStatus = httpStatus;
        this.retryable = retryable;
    }

    public ErrorClass errorClass() {
        return errorClass;
    }

    public int httpStatus() {
        return httpStatus;
    }

    /// Whether the identical request may succeed later.
    public boolean retryable() {
        return retryable;
    }

    /// The stable lower-case form that answers carry.
    public String wire() {
        return name().toLowerCase(Locale.ROOT);
    }
}
