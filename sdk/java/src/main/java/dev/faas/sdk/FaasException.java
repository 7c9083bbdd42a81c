package dev.faas.sdk;

import dev.faas.api.Problem;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// The platform refused or failed, or could not be reached. A command that fails is not an exception: it is a result.
public final class FaasException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    /// The code of failures to reach the server at all.
    public static final String UNREACHABLE = "unreachable";

    /// The code of answers that are none of this platform's.
    public static final String UNEXPECTED_ANSWER = "unexpected_answer";

    private final String code;
    private final int status;
    private final boolean retryable;
    private final String requestId;
    private final transient List<Problem.FieldError> fields;
    private final @Nullable Duration retryAfter;

    private FaasException(Problem problem, @Nullable Duration retryAfter, @Nullable Throwable cause) {
        super(problem.detail(), cause);
        this.code = problem.code();
        this.status = problem.status();
        this.retryable = problem.retryable();
        this.requestId = problem.requestId();
        this.fields = List.copyOf(problem.errors());
        this.retryAfter = retryAfter;
    }

    static FaasException of(Problem problem, @Nullable Duration retryAfter) {
        return new FaasException(problem, retryAfter, null);
    }

    static FaasException unreachable(String detail, Throwable cause) {
        return new FaasException(new Problem("", "", 0, detail, UNREACHABLE, "", true, List.of()), null, cause);
    }

    static FaasException unexpected(int status, String detail) {
        return new FaasException(
                new Problem("", "", status, detail, UNEXPECTED_ANSWER, "", status >= 500, List.of()), null, null);
    }

    /// Stable; docs/errors.md lists them.
    public String code() {
        return code;
    }

    /// The HTTP status; 0 when there was no answer.
    public int status() {
        return status;
    }

    /// Whether the identical request may succeed later.
    public boolean isRetryable() {
        return retryable;
    }

    /// Of the HTTP request, as in the server's log; empty when there was no answer.
    public String requestId() {
        return requestId;
    }

    /// Each field at fault.
    public List<Problem.FieldError> fields() {
        return fields;
    }

    /// When the server says to try again.
    public Optional<Duration> retryAfter() {
        return Optional.ofNullable(retryAfter);
    }
}
