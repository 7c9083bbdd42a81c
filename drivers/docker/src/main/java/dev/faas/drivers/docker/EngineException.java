package dev.faas.drivers.docker;

import com.github.dockerjava.api.exception.DockerException;
import dev.faas.core.common.ErrorCode;
import dev.faas.core.common.PlatformException;
import org.jspecify.annotations.Nullable;

/// The engine refused, or didn't answer at all. Callers turn it into what it means for them.
final class EngineException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    /// No answer: the engine is not there.
    static final int NO_ANSWER = 0;

    private final int status;

    private EngineException(int status, String message, @Nullable Throwable cause) {
        super(message, cause);
        this.status = status;
    }

    static EngineException lost(String message, Throwable cause) {
        return new EngineException(NO_ANSWER, message, cause);
    }

    static EngineException refused(int status, String doing) {
        return new EngineException(status, doing + ": the engine answered " + status, null);
    }

    static EngineException of(String doing, Throwable cause) {
        return switch (cause) {
            case EngineException known -> known;
            case DockerException refusal when refusal.getHttpStatus() > 0 ->
                new EngineException(
                        refusal.getHttpStatus(), doing + ": " + EngineText.message(refusal.getMessage()), refusal);
            default -> lost(doing + ": " + EngineText.rootMessage(cause), cause);
        };
    }

    /// The HTTP status of its answer, or [#NO_ANSWER].
    int status() {
        return status;
    }

    boolean isNotFound() {
        return status == 404;
    }

    boolean isConflict() {
        return status == 409;
    }

    boolean isLost() {
        return status == NO_ANSWER;
    }

    /// For whoever wanted a sandbox.
    PlatformException asSandboxFailure() {
        return new PlatformException(ErrorCode.SANDBOX_FAILED, "docker: " + getMessage(), this);
    }
}
