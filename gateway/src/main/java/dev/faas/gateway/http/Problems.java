package dev.faas.gateway.http;

import dev.faas.api.Problem;
import dev.faas.core.common.ErrorCode;
import dev.faas.core.common.PlatformException;
import java.util.Locale;

/// The one place where a failure becomes an error body.
public final class Problems {

    private static final String TYPE_PREFIX = "urn:faas:error:";

    private Problems() {}

    public static Problem of(PlatformException e, String requestId) {
        var code = e.code();
        var fields = e.fields().stream()
                .map(field -> new Problem.FieldError(field.field(), field.message()))
                .toList();
        var message = e.getMessage();
        return new Problem(
                TYPE_PREFIX + code.wire(),
                title(code),
                code.httpStatus(),
                message == null ? title(code) : message,
                code.wire(),
                requestId,
                code.retryable(),
                fields);
    }

    /// What a caller learns of an unexpected failure; the rest is in the log, under the request's id.
    public static PlatformException unexpected(RuntimeException cause) {
        return new PlatformException(
                ErrorCode.INTERNAL, "the gateway failed; its log says why, under this request's id", cause);
    }

    private static String title(ErrorCode code) {
        var words = code.wire().replace('_', ' ');
        return words.substring(0, 1).toUpperCase(Locale.ROOT) + words.substring(1);
    }
}
