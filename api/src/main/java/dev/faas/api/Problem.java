package dev.faas.api;

import java.util.List;

/// The body of every error (RFC 9457, `application/problem+json`).
///
/// @param type      identifies the code
/// @param title     the code in words
/// @param status    the HTTP status
/// @param detail    what happened this time, and what to do about it
/// @param code      stable; see docs/errors.md
/// @param requestId of the HTTP request, as in the header `X-Request-Id` and in the log
/// @param retryable whether the identical request may succeed later
/// @param errors    each field at fault
public record Problem(
        String type,
        String title,
        int status,
        String detail,
        String code,
        String requestId,
        boolean retryable,
        List<FieldError> errors) {

    public static final String MEDIA_TYPE = "application/problem+json";

    /// @param field as on the wire: `files[2].path`
    public record FieldError(String field, String message) {}
}
